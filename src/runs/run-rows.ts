import type { Run, RunFailure, RunStatus } from './run.ts';

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
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}
