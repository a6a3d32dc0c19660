import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import { listPage } from '../../contract/openai/common.ts';
import { RunReply } from '../../contract/replies/administration.ts';
import { pageOf } from '../../contract/replies/common.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { isTerminal, RUN_STATUSES, type Run } from '../../runs/run.ts';
import { requestCancel } from '../../runs/run-store.ts';
import { callerOf } from '../caller.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { validate } from '../foundation/validate.ts';
import type { StreamHub } from '../streaming/stream-hub.ts';
import { findRun, heldRunIds, isPrivateTo, listRuns } from './find-runs.ts';
import { StatusReply } from './operation-replies.ts';
import { RunLogProjection } from './run-log-projection.ts';

type ById = { Params: { id: string } };
const tag = 'Operations';

const RunsQuery = z.looseObject({
  kind: z.string().max(64).optional(),
  status: z.enum(RUN_STATUSES).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(100)).default(20),
  after: z.string().optional(),
});

const EventsQuery = z.looseObject({ after: z.coerce.number().pipe(z.int().min(0)).default(0) });

export function operationRoutes(dependencies: HttpDependencies, hub: StreamHub): FastifyPluginAsync {
  const { ledger, runs } = dependencies;
  const scoped = (request: FastifyRequest) => scopeSql(ledger.read, callerOf(request).workspaceId);

  const events = async (request: FastifyRequest<ById>, reply: FastifyReply): Promise<unknown> => {
    const { after } = validate(EventsQuery, request.query);
    const run = await findRun(scoped(request), request.params.id);
    assertReadable(run, request);
    const project = () => new RunLogProjection();
    hub.stream(reply, { run, surface: 'log', fromNumber: after, project });
    return reply;
  };

  const cancel = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const found = await findRun(scoped(request), request.params.id);
    const run = await ledger.transaction((tx) => requestCancel(tx, found.id, ledgerTime()));
    runs.announceCancel(found.id);
    return runObject(run ?? found);
  };

  return async (app) => {
    app.get(
      '/ops/status',
      { config: { role: 'reader', operation: { summary: 'Processes and mode', answer: StatusReply, tag } } },
      async (request) => statusObject(dependencies, await heldRunIds(scoped(request))),
    );
    app.get(
      '/ops/runs',
      {
        config: {
          role: 'editor',
          operation: { summary: 'List runs', answer: pageOf(RunReply), tag, query: RunsQuery },
        },
      },
      async (request) => {
        const query = validate(RunsQuery, request.query);
        const found = await listRuns(scoped(request), { ...query, limit: query.limit + 1 });
        return listPage(found.map(runObject), query.limit);
      },
    );
    app.get<ById>(
      '/ops/runs/:id',
      { config: { role: 'editor', operation: { summary: 'Read a run', answer: RunReply, tag } } },
      async (request) => {
        const run = await findRun(scoped(request), request.params.id);
        if (isPrivateTo(run, callerOf(request).ownerId)) return runObject(run);
        return { ...runObject(run), input: run.input, result: run.result };
      },
    );
    app.get<ById>(
      '/ops/runs/:id/events',
      {
        config: {
          role: 'editor',
          operation: {
            summary: "Follow a run's log",
            tag,
            query: EventsQuery,
            produces: 'text/event-stream',
            streams: true,
          },
        },
      },
      events,
    );
    app.post<ById>(
      '/ops/runs/:id/cancel',
      { config: { role: 'editor', operation: { summary: 'Stop a run', answer: RunReply, tag } } },
      cancel,
    );
  };
}

function assertReadable(run: Run, request: FastifyRequest): void {
  if (!isPrivateTo(run, callerOf(request).ownerId)) return;
  throw new BudaoError(
    'forbidden',
    'private_answer',
    'This answer belongs to someone else; only they read it.',
  );
}

/** Times in seconds, as everywhere in the API. */
function runObject(run: Run) {
  const seconds = (timeMs: number | null) => (timeMs === null ? null : Math.floor(timeMs / 1000));
  return {
    id: run.id,
    object: 'run',
    kind: run.kind,
    status: run.status,
    subject_id: run.subjectId,
    owner: run.owner,
    epoch: run.epoch,
    attempts: run.attempts,
    max_attempts: run.maxAttempts,
    priority: run.priority,
    cancel_requested: run.cancelRequested,
    last_seq: run.lastSeq,
    failure: run.failure,
    /** Why it waits, and since when. */
    deferral:
      run.deferral === null || isTerminal(run.status)
        ? null
        : {
            code: run.deferral.code,
            message: run.deferral.message,
            since: seconds(run.deferral.since),
            count: run.deferral.count,
            next_try_at: seconds(run.availableAt),
          },
    created_at: seconds(run.createdAt),
    started_at: seconds(run.startedAt),
    finished_at: seconds(run.finishedAt),
    deadline_at: seconds(run.deadlineAt),
  };
}

/** Runs of other workspaces are nobody's news, not even by their ids. */
async function statusObject(
  { status, version }: HttpDependencies,
  visibleRunIds: ReadonlySet<string>,
): Promise<unknown> {
  const system = await status();
  return {
    version,
    /** The clock that all times are of. */
    now: Math.floor(ledgerTime() / 1000),
    started_at: Math.floor(system.startedAt / 1000),
    mode: system.mode,
    processes: system.processes.map((process) => ({
      id: process.id,
      pid: process.pid,
      role: process.role,
      version: process.version,
      started_at: Math.floor(process.startedAt / 1000),
      seen_at: Math.floor(process.seenAt / 1000),
      node: process.node,
      host: process.host,
      state: process.state,
      load:
        process.load === null
          ? null
          : {
              cpu_cores: process.load.cpuCores,
              memory_bytes: process.load.memoryBytes,
              loop_lag_seconds: process.load.loopLagSeconds,
              workers_configured: process.load.workersConfigured,
            },
      run_count: process.runIds.length,
      runs: process.runIds.filter((id) => visibleRunIds.has(id)),
    })),
  };
}
