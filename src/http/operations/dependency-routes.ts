import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readAllowedModes } from '../../answers/allowed-modes.ts';
import type { CurrentMode } from '../../answers/current-modes.ts';
import { LESSER_MODES, type LesserMode } from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import { wholeListOf } from '../../contract/replies/common.ts';
import { FORCINGS } from '../../dependencies/circuit.ts';
import type { Dependencies } from '../../dependencies/dependencies.ts';
import type { DependencyState } from '../../dependencies/dependency-state.ts';
import { OVERRIDES_CHANGED } from '../../dependencies/dependency-watch.ts';
import { currentOverrides, listOverrides, type Override, setOverride } from '../../dependencies/overrides.ts';
import { type DependencyReport, readReports } from '../../dependencies/reports.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { countDeferred } from '../../runs/run-deferral.ts';
import { callerOf } from '../caller.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import {
  DependencyChangeReply,
  DependencyReply,
  ModelEndpointReply,
  ModesReply,
} from './operation-replies.ts';

const tag = 'Operations';
const Name = z.string().min(1).max(200);
const ForceBody = z.strictObject({
  name: Name,
  forced: z.enum(FORCINGS),
  note: z.string().trim().max(500).nullish(),
});
const ChangesQuery = z.looseObject({ name: Name.optional() });

export interface DependencyRoutes {
  ledger: Ledger;
  /** Tells the other processes. */
  channel: { publish(topic: string, message: string): void };
  dependencies: Dependencies;
  /** Names of the configured models, best first. */
  modelNames: readonly string[];
  /** In which modes the workers would answer now, most of them first. */
  modes(allowed: ReadonlySet<LesserMode>): Promise<(CurrentMode & { processes: number })[]>;
}

/** What the service rests on: how each process sees it, what was set by hand, and what that means for answers. */
export function dependencyRoutes(options: DependencyRoutes): FastifyPluginAsync {
  const { ledger } = options;
  const force = async (request: FastifyRequest): Promise<unknown> => {
    const { name, forced, note } = validateBody(ForceBody, request.body);
    const known = await list(options);
    if (!known.some((one) => one.name === name)) throw notFound(name);
    const { ownerId } = callerOf(request);
    await setOverride(ledger, { dependency: name, forced, note: note || null, actor: ownerId });
    options.channel.publish(OVERRIDES_CHANGED, name);
    request.log.warn({ dependency: name, forced, actor: ownerId }, 'a dependency was set by hand');
    return (await list(options)).find((one) => one.name === name);
  };
  return async (app) => {
    app.get(
      '/ops/dependencies',
      {
        config: {
          role: 'editor',
          operation: { summary: 'What the service rests on', answer: wholeListOf(DependencyReply), tag },
        },
      },
      async () => ({ object: 'list', data: await list(options), has_more: false }),
    );
    app.post(
      '/ops/dependencies',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: {
            summary: 'Set a breaker by hand, for all processes',
            answer: DependencyReply,
            tag,
            body: ForceBody,
          },
        },
      },
      force,
    );
    app.get(
      '/ops/dependencies/changes',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: {
            summary: 'Who set a breaker by hand, and when',
            answer: wholeListOf(DependencyChangeReply),
            tag,
            query: ChangesQuery,
          },
        },
      },
      async (request) => {
        const { name } = validate(ChangesQuery, request.query);
        const changes = await listOverrides(ledger.read, name ?? null);
        return { object: 'list', data: changes.map(overrideObject), has_more: false };
      },
    );
    app.get(
      '/ops/models',
      {
        config: {
          role: 'editor',
          operation: {
            summary: 'Model endpoints, with health and order',
            answer: wholeListOf(ModelEndpointReply),
            tag,
          },
        },
      },
      async () => {
        const all = await list(options);
        const data = options.modelNames.flatMap((model, position) => {
          const found = all.find(({ name }) => name === `model:${model}`);
          return found === undefined ? [] : [{ ...found, object: 'model_endpoint', model, position }];
        });
        return { object: 'list', data, has_more: false };
      },
    );
    app.get(
      '/ops/modes',
      {
        config: {
          role: 'reader',
          operation: { summary: 'In which mode this workspace is answered now', answer: ModesReply, tag },
        },
      },
      async (request) => {
        const allowed = await readAllowedModes(ledger.read, callerOf(request).workspaceId);
        const current = await options.modes(allowed);
        return {
          object: 'modes',
          mode: current[0]?.mode ?? null,
          current: current.map(({ mode, reason, code, since, processes }) => ({
            mode,
            mode_reason: reason,
            mode_reason_code: code,
            since: since === 0 ? null : seconds(since),
            processes,
          })),
          allowed_modes: LESSER_MODES.filter((mode) => allowed.has(mode)),
          deferred_answers: await countDeferred(ledger.read, 'answer'),
        };
      },
    );
  };
}

async function list({ ledger, dependencies }: DependencyRoutes) {
  const [reports, overrides] = await Promise.all([
    readReports(ledger.read, ledgerTime()),
    currentOverrides(ledger.read),
  ]);
  // A process that has not reported yet knows at least what there is.
  const own = dependencies.states();
  const others = reports.flatMap(({ states }) => states);
  const byName = new Map([...others, ...own].map((state) => [state.name, state]));
  return [...byName.values()].map(({ name, kind }) => {
    const override = overrides.find(({ dependency }) => dependency === name);
    return {
      object: 'dependency',
      name,
      kind,
      forced: override?.forced ?? 'auto',
      override: override === undefined ? null : overrideObject(override),
      processes: reports.flatMap((report) => processObject(report, name)),
    };
  });
}

function processObject({ processId, role, states, reportedAt }: DependencyReport, name: string): object[] {
  const state = states.find((one) => one.name === name);
  if (state === undefined) return [];
  return [{ process_id: processId, role, reported_at: seconds(reportedAt), ...stateObject(state) }];
}

function stateObject(state: DependencyState): object {
  return {
    condition: state.condition,
    forced: state.forced,
    is_usable: state.isUsable,
    changed_at: seconds(state.changedAt),
    next_try_at: state.nextTryAt === null ? null : seconds(state.nextTryAt),
    last_error:
      state.lastError === null
        ? null
        : { code: state.lastError.code, message: state.lastError.message, at: seconds(state.lastError.at) },
    in_flight: state.inFlight,
    waiting: state.waiting,
    p95_ms: state.p95Ms,
    calls: state.calls,
    failures: state.failures,
    refused: state.refused,
    hedges: state.hedges,
    hedges_won: state.hedgesWon,
    retries: state.retries,
    retries_refused: state.retriesRefused,
  };
}

function overrideObject(override: Override): object {
  const { version, forced, note, actor, createdAt } = override;
  const { dependency: name } = override;
  return {
    object: 'dependency_change',
    version: Number(version),
    name,
    forced,
    note,
    actor,
    created_at: seconds(createdAt),
  };
}

function seconds(timeMs: number): number {
  return Math.floor(Number(timeMs) / 1_000);
}

function notFound(name: string): BudaoError {
  return new BudaoError(
    'not_found',
    'dependency_not_found',
    `The service rests on nothing named '${name}'. GET /ops/dependencies lists what there is.`,
    { param: 'name' },
  );
}
