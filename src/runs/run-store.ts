import { newId } from '../contract/ids.ts';
import type { Sql } from '../ledger/ledger.ts';
import { batchedEvents, batchedPositions } from './event-batches.ts';
import { eventsFromRows, type StoredEventRow } from './event-rows.ts';
import type { Run, RunEvent, RunFailure, RunStatus, SubmitRun, TerminalStatus } from './run.ts';
import { isTerminal } from './run.ts';
import { fenceOwner } from './run-owners.ts';
import { LAST_ROW_SEQ, listParams, type RunRow, runFromRow } from './run-rows.ts';

const DEFAULT_TIMEOUT_MS = 10 * 60_000;
/** Claims in a row without progress: many processes may die around an innocent run before it counts as their killer. */
const DEFAULT_MAX_ATTEMPTS = 20;

/**
 * A run or an event may be claimed, appended to or finished only through the functions of this file, run-claims.ts and
 * run-appends.ts. All are portable SQL.
 */
export async function submitRun(
  tx: Sql,
  request: SubmitRun,
  now: number,
): Promise<{ run: Run; created: boolean }> {
  const row: RunRow = {
    id: request.id ?? newId('run'),
    kind: request.kind,
    workspace_id: request.workspaceId,
    subject_id: request.subjectId ?? null,
    input: JSON.stringify(request.input ?? null),
    status: 'queued',
    owner: null,
    epoch: 0,
    lease_until: 0,
    attempts: 0,
    max_attempts: request.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    priority: request.priority ?? 0,
    available_at: now + (request.delayMs ?? 0),
    deadline_at: now + (request.delayMs ?? 0) + (request.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    cancel_requested: 0,
    last_seq: 0,
    idempotency_key: request.idempotencyKey ?? null,
    result: null,
    failure: null,
    created_at: now,
    started_at: null,
    finished_at: null,
    compacted_at: null,
  };
  const { changes } = await tx.run(INSERT_RUN, { ...row });
  if (changes === 1) return { run: runFromRow(row), created: true };
  const existing = await tx.get<RunRow>(
    'SELECT * FROM run WHERE workspace_id = :workspaceId AND kind = :kind AND idempotency_key = :key',
    { workspaceId: request.workspaceId, kind: request.kind, key: row.idempotency_key },
  );
  if (existing === undefined) throw new Error(`run ${row.id} was neither inserted nor found`);
  return { run: runFromRow(existing), created: false };
}

const INSERT_RUN = `
  INSERT INTO run (id, kind, workspace_id, subject_id, input, status, owner, epoch, lease_until, attempts,
    max_attempts, priority, available_at, deadline_at, cancel_requested, last_seq, idempotency_key, result, failure,
    created_at, started_at, finished_at, compacted_at)
  VALUES (:id, :kind, :workspace_id, :subject_id, :input, :status, :owner, :epoch, :lease_until, :attempts,
    :max_attempts, :priority, :available_at, :deadline_at, :cancel_requested, :last_seq, :idempotency_key, :result,
    :failure, :created_at, :started_at, :finished_at, :compacted_at)
  ON CONFLICT (workspace_id, kind, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`;

export async function getRun(sql: Sql, runId: string): Promise<Run | undefined> {
  // Shared rows first, as in readEvents.
  const batched = await batchedEvents(sql, runId);
  const row = await sql.get<RunRow>(`SELECT run.*, ${LAST_ROW_SEQ} AS last_seq FROM run WHERE id = :id`, {
    id: runId,
  });
  if (row === undefined) return undefined;
  const run = runFromRow(row);
  if (isTerminal(run.status)) return run;
  return { ...run, lastSeq: Math.max(run.lastSeq, ...batched.map((event) => event.seq)) };
}

/**
 * Events after `afterSeq` without a gap, at least `limit` of them if there are so many; merged ones expanded exactly.
 */
export async function readEvents(
  sql: Sql,
  runId: string,
  afterSeq: number,
  limit: number,
): Promise<RunEvent[]> {
  // Shared rows first: what moves into the run's own log meanwhile is then found twice rather than never.
  const batched = await batchedEvents(sql, runId);
  const rows = await sql.all<StoredEventRow>(
    // A merged row carries several events under its first seq, so the row before `afterSeq` may reach beyond it.
    `SELECT * FROM event WHERE run_id = :runId AND seq >= COALESCE(
       (SELECT max(seq) FROM event WHERE run_id = :runId AND seq <= :afterSeq + 1), 0)
     ORDER BY seq LIMIT :limit`,
    { runId, afterSeq, limit: limit + 1 },
  );
  return inSequence([...eventsFromRows(rows), ...batched], afterSeq);
}

/** Ordered, each once, up to the first number that is not there yet. */
function inSequence(events: RunEvent[], afterSeq: number): RunEvent[] {
  const sequence: RunEvent[] = [];
  let next = afterSeq + 1;
  for (const event of events.sort((left, right) => left.seq - right.seq)) {
    if (event.seq > next) break;
    if (event.seq < next) continue;
    sequence.push(event);
    next++;
  }
  return sequence;
}

/** Asks a run to stop. One that nobody works on ends here and now; a finished one stays as it is. */
export async function requestCancel(tx: Sql, runId: string, now: number): Promise<Run | undefined> {
  for (let look = 0; look < MOST_CANCEL_LOOKS; look++) {
    const run = await getRun(tx, runId);
    if (run === undefined || isTerminal(run.status)) return run;
    if (run.owner === null) {
      if (await endRun(tx, run, 'cancelled', null, now)) return getRun(tx, runId);
      continue;
    }
    const { changes } = await tx.run(
      `UPDATE run SET cancel_requested = 1
       WHERE id = :runId AND owner IS NOT NULL AND status IN ('queued', 'running')`,
      { runId },
    );
    if (changes === 1) return getRun(tx, runId);
  }
  throw new Error(`run ${runId} changed hands again and again while it was being cancelled`);
}

/** Where writers do not wait for each other, a run may be put back or claimed between a look at it and the change. */
const MOST_CANCEL_LOOKS = 10;

/** Ends a run from outside, whoever holds it: the epoch moves on, so that its owner is fenced. */
export async function endRun(
  tx: Sql,
  run: Run,
  status: TerminalStatus,
  failure: RunFailure | null,
  now: number,
): Promise<boolean> {
  if (run.owner !== null) await fenceOwner(tx, run.owner);
  const failureJson = failure === null ? null : JSON.stringify(failure);
  const ended = await tx.get<{ last_seq: number }>(
    `UPDATE run SET status = :status, failure = :failure, epoch = epoch + 1, owner = NULL, lease_until = 0,
       last_seq = ${LAST_ROW_SEQ} + 1, finished_at = :now
     WHERE id = :id AND epoch = :epoch AND status IN ('queued', 'running') RETURNING last_seq`,
    { id: run.id, epoch: run.epoch, status, failure: failureJson, now },
  );
  if (ended === undefined) return false;
  await tx.run(
    `INSERT INTO event (run_id, seq, epoch, type, payload, created_at)
     VALUES (:runId, :seq, :epoch, :type, :payload, :now)`,
    {
      runId: run.id,
      seq: ended.last_seq,
      epoch: run.epoch + 1,
      type: `run.${status}`,
      payload: failureJson ?? '{}',
      now,
    },
  );
  return true;
}

/** Runs that can never be claimed again: past their deadline, or out of attempts with no living owner. */
export async function findHopeless(sql: Sql, now: number, limit: number): Promise<Run[]> {
  const rows = await sql.all<RunRow>(
    `SELECT * FROM run WHERE status IN ('queued', 'running')
       AND (deadline_at <= :now - CASE WHEN owner IS NULL THEN 0 ELSE :graceMs END
         OR (attempts >= max_attempts AND lease_until <= :now AND available_at <= :now))
     LIMIT :limit`,
    { now, limit, graceMs: DEADLINE_GRACE_MS },
  );
  return rows.map(runFromRow);
}

/** After the clock was set: deadlines and delays move with it. */
export async function shiftOpenRuns(tx: Sql, byMs: number): Promise<void> {
  await tx.run(
    `UPDATE run SET deadline_at = deadline_at + :byMs, available_at = available_at + :byMs
     WHERE status IN ('queued', 'running')`,
    { byMs },
  );
}

/** What a living owner gets to end its run by itself, with its partial result. */
const DEADLINE_GRACE_MS = 5_000;

/** Positions of several runs at once, for watchers whose live channel may have lost something. */
export async function runPositions(
  sql: Sql,
  runIds: readonly string[],
): Promise<{ runId: string; lastSeq: number; status: RunStatus }[]> {
  const { names, params } = listParams('id', runIds);
  const batched = await batchedPositions(sql);
  const rows = await sql.all<{ runId: string; lastSeq: number; status: RunStatus }>(
    `SELECT id AS "runId", ${LAST_ROW_SEQ} AS "lastSeq", status FROM run WHERE id IN (${names})`,
    params,
  );
  return rows.map((row) => ({ ...row, lastSeq: Math.max(row.lastSeq, batched.get(row.runId) ?? 0) }));
}
