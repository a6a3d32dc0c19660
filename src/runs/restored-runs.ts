import type { Sql, SqlRow } from '../ledger/ledger.ts';
import { isTerminal, type RunStatus } from './run.ts';

/**
 * Puts a run of a snapshot beside those that are here, with its log, unless it is here already. Nobody goes on with it:
 * one that had not ended when the snapshot was taken is cancelled.
 *
 * @param rows as tables of a ledger of this schema have them; the run's id and workspace are those that it gets here
 * @returns whether it was put
 */
export async function insertRestoredRun(
  tx: Sql,
  { run, events }: { run: SqlRow; events: readonly SqlRow[] },
  now: number,
): Promise<boolean> {
  const hasEnded = isTerminal(run.status as RunStatus);
  const message = 'It had not ended when the snapshot was taken from which it was restored.';
  const { changes } = await tx.run(INSERT_RUN, {
    id: run.id ?? null,
    kind: run.kind ?? null,
    workspaceId: run.workspace_id ?? null,
    subjectId: run.subject_id ?? null,
    input: run.input ?? null,
    status: hasEnded ? (run.status ?? null) : 'cancelled',
    epoch: run.epoch ?? 0,
    attempts: run.attempts ?? 0,
    maxAttempts: run.max_attempts ?? 0,
    priority: run.priority ?? 0,
    availableAt: run.available_at ?? 0,
    deadlineAt: run.deadline_at ?? 0,
    lastSeq: events.reduce(
      (last, { seq }) => Math.max(last, Number(seq)),
      hasEnded ? Number(run.last_seq) : 0,
    ),
    result: run.result ?? null,
    failure: hasEnded ? (run.failure ?? null) : JSON.stringify({ code: 'restored_elsewhere', message }),
    createdAt: run.created_at ?? now,
    startedAt: run.started_at ?? null,
    finishedAt: run.finished_at ?? now,
    compactedAt: run.compacted_at ?? null,
  });
  if (changes === 0) return false;
  for (const { seq, epoch, type, payload, created_at: createdAt } of events) {
    await tx.run(
      `INSERT INTO event (run_id, seq, epoch, type, payload, created_at)
       VALUES (:id, :seq, :epoch, :type, :payload, :createdAt) ON CONFLICT (run_id, seq) DO NOTHING`,
      {
        id: run.id ?? null,
        seq: seq ?? null,
        epoch: epoch ?? null,
        type: type ?? null,
        payload: payload ?? null,
        createdAt: createdAt ?? null,
      },
    );
  }
  return true;
}

/** The key of a request was answered where the snapshot was taken; here it is free. */
const INSERT_RUN = `
  INSERT INTO run (id, kind, workspace_id, subject_id, input, status, owner, epoch, lease_until, attempts,
    max_attempts, priority, available_at, deadline_at, cancel_requested, last_seq, idempotency_key, result, failure,
    created_at, started_at, finished_at, compacted_at)
  VALUES (:id, :kind, :workspaceId, :subjectId, :input, :status, NULL, :epoch, 0, :attempts, :maxAttempts, :priority,
    :availableAt, :deadlineAt, 0, :lastSeq, NULL, :result, :failure, :createdAt, :startedAt, :finishedAt, :compactedAt)
  ON CONFLICT (id) DO NOTHING`;
