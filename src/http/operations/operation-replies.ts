/** What the routes for operators answer about processes, queues, dependencies, modes and signals. */
import { z } from 'zod';
import { ANSWER_MODES, LESSER_MODES, MODE_REASON_CODES } from '../../contract/answer.ts';
import { Seconds } from '../../contract/replies/common.ts';
import { FORCINGS } from '../../dependencies/circuit.ts';
import { COUNTERS, GAUGES, LAYERS, TIMINGS } from '../../health/signals/signals.ts';

const Condition = z.enum(['closed', 'half-open', 'open']);
const Forced = z.enum(FORCINGS);

export const StatusReply = z
  .object({
    version: z.string(),
    now: Seconds,
    started_at: Seconds,
    mode: z.string(),
    processes: z.array(
      z.object({
        id: z.string(),
        pid: z.int(),
        role: z.string(),
        version: z.string(),
        started_at: Seconds,
        seen_at: Seconds,
        node: z.string().nullable(),
        host: z.string().nullable(),
        state: z.enum(['starting', 'ready', 'leaving', 'silent']),
        load: z
          .object({
            cpu_cores: z.number().nullable(),
            memory_bytes: z.number().nullable(),
            loop_lag_seconds: z.number().nullable(),
            workers_configured: z.int().nullable(),
          })
          .nullable(),
        run_count: z.int(),
        /** Ids of those that the caller may know of. */
        runs: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'Status' });

export const QueueReply = z
  .object({
    object: z.literal('queue'),
    kind: z.string(),
    scope: z.enum(['workspace', 'system', 'other']),
    workspace_id: z.string().nullable(),
    workspace_name: z.string().nullable(),
    running: z.int(),
    waiting: z.int(),
    deferred: z.int(),
    later: z.int(),
    longest_wait_seconds: z.int().nullable(),
    longest_deferral_seconds: z.int().nullable(),
  })
  .meta({ id: 'Queue' });

export const DependencyChangeReply = z
  .object({
    object: z.literal('dependency_change'),
    version: z.int(),
    name: z.string(),
    forced: Forced,
    note: z.string().nullable(),
    actor: z.string(),
    created_at: Seconds,
  })
  .meta({ id: 'DependencyChange' });

/** How one process sees it; the counts are since the start of that process. */
const DependencySight = z
  .object({
    process_id: z.string(),
    role: z.string(),
    reported_at: Seconds,
    condition: Condition,
    forced: Forced,
    is_usable: z.boolean(),
    changed_at: Seconds,
    next_try_at: Seconds.nullable(),
    last_error: z.object({ code: z.string(), message: z.string(), at: Seconds }).nullable(),
    in_flight: z.int(),
    waiting: z.int(),
    p95_ms: z.number().nullable(),
    calls: z.int(),
    failures: z.int(),
    refused: z.int(),
    hedges: z.int(),
    hedges_won: z.int(),
    retries: z.int(),
    retries_refused: z.int(),
  })
  .meta({ id: 'DependencySight' });

const dependency = {
  name: z.string(),
  kind: z.enum(['model', 'embedder', 'index', 'blobs', 'reranker']),
  forced: Forced,
  override: DependencyChangeReply.nullable(),
  processes: z.array(DependencySight),
};

export const DependencyReply = z
  .object({ object: z.literal('dependency'), ...dependency })
  .meta({ id: 'Dependency' });

export const ModelEndpointReply = z
  .object({ object: z.literal('model_endpoint'), ...dependency, model: z.string(), position: z.int() })
  .meta({ id: 'ModelEndpoint' });

const AnyMode = z.enum(ANSWER_MODES);

export const ModesReply = z.object({
  object: z.literal('modes'),
  mode: AnyMode.nullable(),
  current: z.array(
    z.object({
      mode: AnyMode,
      mode_reason: z.string().nullable(),
      mode_reason_code: z.enum(MODE_REASON_CODES).nullable(),
      since: Seconds.nullable(),
      processes: z.int(),
    }),
  ),
  allowed_modes: z.array(z.enum(LESSER_MODES)),
  deferred_answers: z.int(),
});

/** In seconds; null where nothing was measured. */
const quantiles = { p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() };
const signal = { layer: z.enum(LAYERS), help: z.string() };
const SignalReply = z
  .discriminatedUnion('kind', [
    z.object({
      name: namesOf(COUNTERS),
      ...signal,
      kind: z.literal('counter'),
      total: z.number(),
      points: z.array(z.number()),
    }),
    z.object({
      name: namesOf(TIMINGS),
      ...signal,
      kind: z.literal('timing'),
      count: z.number(),
      ...quantiles,
      points: z.array(z.object(quantiles)),
    }),
    z.object({
      name: namesOf(GAUGES),
      ...signal,
      kind: z.literal('gauge'),
      values: z.record(z.string(), z.number()),
      points: z.array(z.number().nullable()),
    }),
  ])
  .meta({ id: 'Signal' });

export const SignalsReply = z.object({
  object: z.literal('signals'),
  seconds: z.int(),
  point_seconds: z.int(),
  covered_seconds: z.int(),
  layers: z.object({
    machine: z.array(SignalReply),
    service: z.array(SignalReply),
    business: z.array(SignalReply),
  }),
  processes: z.array(
    z.object({
      id: z.string(),
      role: z.string(),
      host: z.string(),
      counters: z.partialRecord(namesOf(COUNTERS), z.number()),
      gauges: z.partialRecord(namesOf(GAUGES), z.record(z.string(), z.number())),
    }),
  ),
});

function namesOf<Table extends object>(table: Table) {
  return z.enum(Object.keys(table) as Extract<keyof Table, string>[]);
}
