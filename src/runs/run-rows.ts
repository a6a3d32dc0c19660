import type { Run, RunFailure, RunStatus } from './run.ts';
import type { Deferral } from './run-deferral.ts';

export type RunRow = {
  id: string;
  kind: string;
  workspace_id: string;
  subject_id: string | null;
  input: string;
  status: RunStatus;
  owner: string | null;
  epoch: number;
  lease_until: number;
  attempts: number;
  max_attempts: number;
  priority: number;
  available_at: number;
  deadline_at: number;
  cancel_requested: number;
  last_seq: number;
  idempotency_key: string | null;
  result: string | null;
  failure: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  compacted_at: number | null;
  /** Not among the columns of a new run. */
  deferral?: string | null;
};

export function runFromRow(row: RunRow): Run {
  return {
    id: row.id,
    kind: row.kind,
    workspaceId: row.workspace_id,
    subjectId: row.subject_id,
    input: JSON.parse(row.input),
    status: row.status,
    owner: row.owner,
    epoch: row.epoch,
    fence: null,
    leaseUntil: row.lease_until,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    priority: row.priority,
    availableAt: row.available_at,
    deadlineAt: row.deadline_at,
    cancelRequested: row.cancel_requested === 1,
    lastSeq: row.last_seq,
    result: row.result === null ? null : JSON.parse(row.result),
    failure: row.failure === null ? null : (JSON.parse(row.failure) as RunFailure),
    deferral: row.deferral == null ? null : (JSON.parse(row.deferral) as Deferral),
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

/**
 * How far a run's own log has come. While it is open, deltas that share a row with other runs may lie beyond
 * (`event-batches.ts`); the column is for finished ones.
 */
export const LAST_ROW_SEQ = `CASE WHEN run.finished_at IS NOT NULL THEN run.last_seq
  ELSE COALESCE((SELECT max(seq) FROM event WHERE event.run_id = run.id), 0) END`;

/** Named parameters for an IN list: powers of two in number, so that few distinct statements exist. */
export function listParams(
  prefix: string,
  values: readonly string[],
): { names: string; params: Record<string, string> } {
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, values.length)));
  const params: Record<string, string> = {};
  for (let index = 0; index < size; index++) params[`${prefix}${index}`] = values[index] ?? values[0] ?? '';
  return {
    names: Object.keys(params)
      .map((name) => `:${name}`)
      .join(', '),
    params,
  };
}
