import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import { listPage } from '../../contract/openai/common.ts';
import { pageOf, wholeListOf } from '../../contract/replies/common.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { CARE_KINDS, type CareInput } from '../../recovery/care/care-kinds.ts';
import { submitCare } from '../../recovery/care/care-runs.ts';
import {
  type CareResult,
  collectResults,
  getResult,
  hasNewResults,
  listResults,
} from '../../recovery/care/results.ts';
import { CARE_TASKS, type ScheduleChanges } from '../../recovery/care/schedules.ts';
import type { Run } from '../../runs/run.ts';
import { getRun, requestCancel } from '../../runs/run-store.ts';
import { callerOf } from '../caller.ts';
import type { RunAnnouncer } from '../dependencies.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import {
  type BackupOverview,
  type BackupRepository,
  type BackupSnapshot,
  backupObject,
  repositoryObject,
  resultObject,
  runObject,
  type ScheduleState,
  schedulesObject,
  snapshotObject,
} from './backup-objects.ts';
import {
  BackupReply,
  BackupRepositoryReply,
  BackupResultReply,
  BackupRunReply,
  BackupSchedulesReply,
  BackupSnapshotReply,
  RestorePlanReply,
} from './backup-replies.ts';
import { openBackupRuns, withProgress } from './backup-runs.ts';

type ById = { Params: { id: string } };
const tag = 'Operations';
/** Backups are those of the installation: only operators see them, whatever their workspace. */
const OPERATORS = { role: 'reader', operator: true } as const;

const task = z.enum(CARE_TASKS);
const ResultsQuery = z.looseObject({
  task: task.optional(),
  repository: z.string().max(64).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(100)).default(20),
  after: z.string().optional(),
});
const SnapshotsQuery = z.looseObject({ repository: z.string().max(64).optional() });
const words = z.string().max(64).nullable().optional();
const SchedulesBody = z.strictObject({
  time_zone: words,
  jitter_seconds: z.int().min(0).max(3_600).nullable().optional(),
  verify_share_percent: z.number().min(1).max(100).nullable().optional(),
  snapshot: words,
  verify: words,
  rehearse: words,
  prune: words,
});
const RunBody = z.strictObject({
  task,
  repository: z.string().max(64),
  share_percent: z.number().min(1).max(100).optional(),
  snapshot_id: z.string().max(128).optional(),
});
const PlanBody = z.strictObject({ repository: z.string().max(64), snapshot_id: z.string().max(128) });

/** What the rest of the program knows of backups. */
export interface BackupOffice {
  overview(): Promise<BackupOverview>;
  repositories(): Promise<BackupRepository[]>;
  /** Null for those of all repositories. */
  snapshots(repository: string | null): Promise<BackupSnapshot[]>;
  schedules(): Promise<ScheduleState>;
  /** @throws BudaoError schedule_invalid */
  changeSchedules(changes: ScheduleChanges, by: string): Promise<void>;
  /** @throws BudaoError repository_not_configured */
  requireRepository(name: string): void;
  restoreCommand(snapshot: BackupSnapshot): string;
  /** @throws BudaoError of whatever keeps this program from restoring it */
  checkRestorable(snapshot: BackupSnapshot): void;
}

export interface BackupRoutes {
  ledger: Ledger;
  runs: RunAnnouncer;
  office: BackupOffice;
}

export function backupRoutes({ ledger, runs, office }: BackupRoutes): FastifyPluginAsync {
  const requireResult = async (id: string): Promise<CareResult> => {
    const found = await getResult(ledger.read, id);
    if (found !== undefined) return found;
    throw new BudaoError('not_found', 'backup_result_not_found', `There is no result ${id}.`);
  };
  const requireRun = async (id: string): Promise<Run> => {
    const run = await getRun(ledger.read, id);
    if (run !== undefined && CARE_KINDS.includes(run.kind)) return run;
    throw new BudaoError('not_found', 'run_not_found', `There is no run ${id} that cares for backups.`);
  };
  const shownRun = async (id: string) => runObject(await withProgress(ledger.read, await requireRun(id)));

  return async (app) => {
    app.get(
      '/ops/backup',
      {
        config: {
          ...OPERATORS,
          operation: { summary: 'What would be lost now, and what is configured', answer: BackupReply, tag },
        },
      },
      async () => backupObject(await office.overview()),
    );
    app.get(
      '/ops/backup/repositories',
      {
        config: {
          ...OPERATORS,
          operation: {
            summary: 'List repositories, and whether each can be reached',
            answer: wholeListOf(BackupRepositoryReply),
            tag,
          },
        },
      },
      async () => ({
        object: 'list',
        data: (await office.repositories()).map(repositoryObject),
        has_more: false,
      }),
    );
    app.get(
      '/ops/backup/snapshots',
      {
        config: {
          ...OPERATORS,
          operation: {
            summary: 'List snapshots, newest first',
            answer: wholeListOf(BackupSnapshotReply),
            tag,
            query: SnapshotsQuery,
          },
        },
      },
      async (request) => {
        const { repository = null } = validate(SnapshotsQuery, request.query);
        if (repository !== null) office.requireRepository(repository);
        const data = (await office.snapshots(repository)).map(snapshotObject);
        return { object: 'list', data, has_more: false };
      },
    );
    app.get(
      '/ops/backup/schedules',
      {
        config: {
          ...OPERATORS,
          operation: { summary: 'When what is due', answer: BackupSchedulesReply, tag },
        },
      },
      async () => schedulesObject(await office.schedules()),
    );
    app.patch(
      '/ops/backup/schedules',
      {
        config: {
          ...OPERATORS,
          operation: {
            summary: 'Change when what is due; null takes a change back',
            answer: BackupSchedulesReply,
            tag,
            body: SchedulesBody,
          },
        },
      },
      async (request) => {
        const body = validateBody(SchedulesBody, request.body);
        const { time_zone, jitter_seconds, verify_share_percent, ...tasks } = body;
        const by = callerOf(request).ownerId;
        const changes: ScheduleChanges = {
          ...tasks,
          ...(time_zone === undefined ? {} : { timeZone: time_zone }),
          ...(jitter_seconds === undefined ? {} : { jitterSeconds: jitter_seconds }),
          ...(verify_share_percent === undefined ? {} : { verifySharePercent: verify_share_percent }),
        };
        await office.changeSchedules(changes, by);
        request.log.warn({ changes: body, by }, 'the schedules of backups were changed');
        return schedulesObject(await office.schedules());
      },
    );
    app.get(
      '/ops/backup/results',
      {
        config: {
          ...OPERATORS,
          operation: {
            summary: 'List what came of snapshots, verifications, rehearsals and prunings',
            answer: pageOf(BackupResultReply),
            tag,
            query: ResultsQuery,
          },
        },
      },
      async (request) => {
        const { task: only, repository, limit, after } = validate(ResultsQuery, request.query);
        if (await hasNewResults(ledger.read))
          await ledger.transaction((tx) => collectResults(tx, ledgerTime()));
        const before = after === undefined ? null : await requireResult(after);
        const found = await listResults(ledger.read, {
          task: only ?? null,
          repository: repository ?? null,
          limit: limit + 1,
          before,
        });
        return listPage(found.map(resultObject), limit);
      },
    );
    app.get<ById>(
      '/ops/backup/results/:id',
      {
        config: { ...OPERATORS, operation: { summary: 'Read a result', answer: BackupResultReply, tag } },
      },
      async (request) => resultObject(await requireResult(request.params.id)),
    );
    app.get(
      '/ops/backup/runs',
      {
        config: {
          ...OPERATORS,
          operation: {
            summary: 'List what is under way',
            answer: wholeListOf(BackupRunReply),
            tag,
          },
        },
      },
      async () => {
        const open = await openBackupRuns(ledger.read);
        return { object: 'list', data: open.map(runObject), has_more: false };
      },
    );
    app.post(
      '/ops/backup/runs',
      {
        config: {
          ...OPERATORS,
          operation: {
            summary: 'Start a snapshot, a verification, a rehearsal or a pruning now',
            answer: BackupRunReply,
            tag,
            body: RunBody,
            status: 201,
          },
        },
      },
      async (request, reply) => {
        const body = validateBody(RunBody, request.body);
        office.requireRepository(body.repository);
        const input: CareInput = {
          repository: body.repository,
          occasion: 'manual',
          ...(body.share_percent === undefined ? {} : { share: body.share_percent / 100 }),
          ...(body.snapshot_id === undefined ? {} : { snapshotId: body.snapshot_id }),
        };
        const run = await ledger.transaction((tx) => submitCare(tx, body.task, input, ledgerTime()));
        runs.announce(run);
        request.log.warn({ run: run.id, ...body, by: callerOf(request).ownerId }, 'backup work was started');
        return reply.code(201).send(runObject({ run, progress: null }));
      },
    );
    app.get<ById>(
      '/ops/backup/runs/:id',
      { config: { ...OPERATORS, operation: { summary: 'How far it is', answer: BackupRunReply, tag } } },
      async (request) => shownRun(request.params.id),
    );
    app.post<ById>(
      '/ops/backup/runs/:id/cancel',
      { config: { ...OPERATORS, operation: { summary: 'Stop it', answer: BackupRunReply, tag } } },
      async (request) => {
        const { id } = await requireRun(request.params.id);
        await ledger.transaction((tx) => requestCancel(tx, id, ledgerTime()));
        runs.announceCancel(id);
        return shownRun(id);
      },
    );
    app.post(
      '/ops/backup/restore-plans',
      {
        config: {
          ...OPERATORS,
          operation: {
            summary: 'What restoring a snapshot would do; changes nothing',
            answer: RestorePlanReply,
            tag,
            body: PlanBody,
          },
        },
      },
      async (request) => {
        const { repository, snapshot_id } = validateBody(PlanBody, request.body);
        office.requireRepository(repository);
        const snapshot = (await office.snapshots(repository)).find(({ id }) => id === snapshot_id);
        if (snapshot === undefined)
          throw new BudaoError(
            'not_found',
            'snapshot_not_found',
            `${repository} has no snapshot ${snapshot_id}.`,
          );
        return planObject(snapshot, office, await measuredRestore(ledger, repository));
      },
    );
  };
}

/** @returns in seconds, what the newest rehearsal that got so far took to be back */
async function measuredRestore(ledger: Ledger, repository: string): Promise<number | null> {
  const rehearsals = await listResults(ledger.read, {
    task: 'rehearse',
    repository,
    limit: 10,
    before: null,
  });
  for (const { evidence } of rehearsals) {
    const { rtoMs } = (evidence ?? {}) as { rtoMs?: unknown };
    if (typeof rtoMs === 'number') return rtoMs / 1_000;
  }
  return null;
}

function planObject(snapshot: BackupSnapshot, office: BackupOffice, expectedSeconds: number | null) {
  const plan = {
    object: 'backup.restore_plan',
    snapshot: snapshotObject(snapshot),
    lost_since: Math.floor(snapshot.createdAt / 1_000),
    expected_seconds: expectedSeconds,
    command: office.restoreCommand(snapshot),
  };
  try {
    office.checkRestorable(snapshot);
    return { ...plan, is_restorable: true, failure: null };
  } catch (error) {
    if (!(error instanceof BudaoError)) throw error;
    const { code, message } = error;
    return { ...plan, is_restorable: false, failure: { code, message } };
  }
}
