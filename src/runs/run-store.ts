import { newId } from '../contract/ids.ts';
import type { Sql } from '../ledger/ledger.ts';
import { eventsFromRows, type StoredEventRow } from './event-rows.ts';
import type { Run, RunEvent, RunFailure, RunStatus, SubmitRun, TerminalStatus } from './run.ts';
import { isTerminal } from './run.ts';
import { type RunRow, runFromRow } from './run-rows.ts';

const DEFAULT_TIMEOUT_MS = 10 * 60_000;
/** Claims in a row without progress: many processes may die around an innocent run before it counts as their killer. */
const DEFAULT_MAX_ATTEMPTS = 20;

/** Appended under the current epoch only, at the end together with the status. */
export interface AppendRequest {
  runId: string;
  epoch: number;
  /** The sequence number of the first event. */
  firstSeq: number;
  events: readonly { type: string; payloadJson: string }[];
  /** These events hold the first work of this claim that a takeover does not have to repeat. */
  firstProgress: boolean;
  finish: { status: TerminalStatus; resultJson: string | null; failure: RunFailure | null } | null;
  /** The same request was sent before and its outcome is unknown: it may have been committed. */
  isRetry: boolean;
}

/** A run or an event may be claimed, appended to or finished only through these functions. All are portable SQL. */
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
  const row = await sql.get<RunRow>(`SELECT run.*, ${LAST_SEQ} AS last_seq FROM run WHERE id = :id`, {
    id: runId,
  });
  return row && runFromRow(row);
}

/** Events after `afterSeq`, at least `limit` of them if there are so many; compacted ones expanded exactly. */
export async function readEvents(
  sql: Sql,
  runId: string,
  afterSeq: number,
  limit: number,
): Promise<RunEvent[]> {
  const rows = await sql.all<StoredEventRow>(
    // A compacted row carries several events under its first seq, so the row before `afterSeq` may reach beyond it.
    `SELECT * FROM event WHERE run_id = :runId AND seq >= COALESCE(
       (SELECT max(seq) FROM event WHERE run_id = :runId AND seq <= :afterSeq + 1), 0)
     ORDER BY seq LIMIT :limit`,
    { runId, afterSeq, limit: limit + 1 },
  );
  return eventsFromRows(rows).filter((event) => event.seq > afterSeq);
}

const CLAIMABLE = `
  status IN ('queued', 'running') AND lease_until <= :now AND available_at <= :now AND deadline_at > :now
  AND attempts < max_attempts`;

/** The kinds of which something waits for a claim; cheap enough to ask several times a second. */
export async function claimableKinds(sql: Sql, kinds: readonly string[], now: number): Promise<Set<string>> {
  const { names, params } = listParams('kind', kinds);
  const rows = await sql.all<{ kind: string }>(
    `SELECT DISTINCT kind FROM run WHERE ${CLAIMABLE} AND kind IN (${names})`,
    { ...params, now },
  );
  return new Set(rows.map((row) => row.kind));
}

/**
 * Takes up to `limit` runs of one kind: queued ones, and those whose lease has run out. Runs of one kind and subject
 * go one after another, oldest first.
 */
export async function claimRuns(
  tx: Sql,
  request: { owner: string; kind: string; limit: number; now: number; leaseUntil: number },
): Promise<Run[]> {
  const rows = await tx.all<RunRow>(
    `UPDATE run SET last_seq = ${LAST_SEQ}, status = 'running', owner = :owner, epoch = epoch + 1, attempts = attempts + 1,
       lease_until = :leaseUntil, started_at = COALESCE(started_at, :now)
     WHERE id IN (
       SELECT id FROM run AS candidate WHERE ${CLAIMABLE} AND kind = :kind AND NOT EXISTS (
         SELECT 1 FROM run AS earlier
         WHERE earlier.workspace_id = candidate.workspace_id AND earlier.subject_id = candidate.subject_id
           AND earlier.kind = candidate.kind AND earlier.status IN ('queued', 'running')
           AND (earlier.created_at < candidate.created_at
             OR (earlier.created_at = candidate.created_at AND earlier.id < candidate.id)))
       ORDER BY priority DESC, created_at LIMIT :limit)
     RETURNING *`,
    {
      owner: request.owner,
      kind: request.kind,
      limit: request.limit,
      now: request.now,
      leaseUntil: request.leaseUntil,
    },
  );
  return rows.map(runFromRow);
}

/**
 * Appends for several runs of one owner in one go: one look at what the owner holds, one insert for each event. The
 * run's own row stays as it is while text flows, apart from the first progress of a claim and the end.
 *
 * @returns for each request whether it was appended; false means that its epoch is no longer current: fenced, stop.
 */
export async function appendEvents(
  tx: Sql,
  owner: string,
  requests: readonly AppendRequest[],
  now: number,
): Promise<boolean[]> {
  const held = await tx.all<{ id: string; epoch: number }>(HELD_BY_OWNER, { owner });
  const epochs = new Map(held.map((run) => [run.id, run.epoch]));
  const outcomes: boolean[] = [];
  for (const request of requests) {
    const isCurrent = epochs.get(request.runId) === request.epoch;
    outcomes.push(isCurrent && (await appendOne(tx, request, now)) ? true : await wasAppended(tx, request));
  }
  return outcomes;
}

async function appendOne(tx: Sql, request: AppendRequest, now: number): Promise<boolean> {
  const { runId, epoch, firstSeq, finish } = request;
  for (const [offset, event] of request.events.entries()) {
    const seq = firstSeq + offset;
    const { changes } = await tx.run(INSERT_NEXT_EVENT, {
      runId,
      seq,
      epoch,
      type: event.type,
      payload: event.payloadJson,
      now,
    });
    // A number that exists or leaves a gap is somebody else's; only the first can be.
    if (changes === 0) return false;
  }
  const lastSeq = firstSeq - 1 + request.events.length;
  if (finish !== null) {
    const failure = finish.failure === null ? null : JSON.stringify(finish.failure);
    await tx.run(FINISH_RUN, {
      id: runId,
      lastSeq,
      status: finish.status,
      result: finish.resultJson,
      failure,
      now,
    });
  } else if (request.firstProgress) {
    await tx.run('UPDATE run SET attempts = 0 WHERE id = :id', { id: runId });
  }
  return true;
}

/** A commit whose answer was lost: the last event stands there under our own epoch. */
async function wasAppended(tx: Sql, request: AppendRequest): Promise<boolean> {
  if (!request.isRetry) return false;
  const row = await tx.get(
    `SELECT 1 AS one FROM event JOIN run ON run.id = event.run_id
     WHERE run.id = :id AND run.epoch = :epoch AND event.seq = :seq AND event.epoch = :epoch`,
    { id: request.runId, epoch: request.epoch, seq: request.firstSeq - 1 + request.events.length },
  );
  return row !== undefined;
}

/** While a run is open, its log says how far it has come; the column is for finished ones. */
const LAST_SEQ = `CASE WHEN run.finished_at IS NOT NULL THEN run.last_seq
  ELSE COALESCE((SELECT max(seq) FROM event WHERE event.run_id = run.id), 0) END`;
const HELD_BY_OWNER = `SELECT id, epoch FROM run WHERE status = 'running' AND owner = :owner`;
const FINISH_RUN = `
  UPDATE run SET last_seq = :lastSeq, status = :status, result = :result, failure = :failure, owner = NULL,
    lease_until = 0, finished_at = :now WHERE id = :id`;
const INSERT_EVENT = `
  INSERT INTO event (run_id, seq, epoch, type, payload, created_at)
  VALUES (:runId, :seq, :epoch, :type, :payload, :now)`;
const INSERT_NEXT_EVENT = `
  INSERT INTO event (run_id, seq, epoch, type, payload, created_at)
  SELECT :runId, :seq, :epoch, :type, :payload, :now
  WHERE :seq = 1 OR EXISTS (SELECT 1 FROM event WHERE run_id = :runId AND seq = :seq - 1)
  ON CONFLICT (run_id, seq) DO NOTHING`;

/** Whether the caller still holds the run: for other writes of a handler, in the same transaction as they. */
export async function holdsRun(
  tx: Sql,
  claim: { runId: string; owner: string; epoch: number },
): Promise<boolean> {
  const row = await tx.get(
    `SELECT 1 AS one FROM run WHERE id = :runId AND owner = :owner AND epoch = :epoch AND status = 'running'`,
    claim,
  );
  return row !== undefined;
}

/**
 * Extends the leases of the runs that an owner is working on; one that it has left is claimed again when its lease
 * runs out. Answers which of them it still holds, and which are asked to stop.
 */
export async function renewLeases(
  tx: Sql,
  request: { owner: string; runIds: readonly string[]; leaseUntil: number },
): Promise<{ runId: string; epoch: number; cancelRequested: boolean }[]> {
  const { names, params } = listParams('id', request.runIds);
  const rows = await tx.all<{ id: string; epoch: number; cancel_requested: number }>(
    `UPDATE run SET lease_until = :leaseUntil WHERE owner = :owner AND status = 'running' AND id IN (${names})
     RETURNING id, epoch, cancel_requested`,
    { ...params, owner: request.owner, leaseUntil: request.leaseUntil },
  );
  return rows.map((row) => ({
    runId: row.id,
    epoch: row.epoch,
    cancelRequested: row.cancel_requested === 1,
  }));
}

/** Gives up everything an owner holds, because it has died or is leaving: the runs can be claimed at once. */
export async function releaseOwner(tx: Sql, owner: string): Promise<number> {
  const { changes } = await tx.run(
    `UPDATE run SET owner = NULL, lease_until = 0 WHERE owner = :owner AND status = 'running'`,
    { owner },
  );
  return changes;
}

/** Puts a run back after a passing failure, to be claimed again after `delayMs`. */
export async function postponeRun(
  tx: Sql,
  claim: { runId: string; owner: string; epoch: number },
  availableAt: number,
): Promise<boolean> {
  const { changes } = await tx.run(
    `UPDATE run SET status = 'queued', owner = NULL, lease_until = 0, available_at = :availableAt
     WHERE id = :runId AND owner = :owner AND epoch = :epoch AND status = 'running'`,
    { ...claim, availableAt },
  );
  return changes === 1;
}

/** Asks a run to stop. One that nobody works on ends here and now; a finished one stays as it is. */
export async function requestCancel(tx: Sql, runId: string, now: number): Promise<Run | undefined> {
  const run = await getRun(tx, runId);
  if (run === undefined || isTerminal(run.status)) return run;
  if (run.owner !== null) {
    await tx.run('UPDATE run SET cancel_requested = 1 WHERE id = :runId', { runId });
    return { ...run, cancelRequested: true };
  }
  await endRun(tx, run, 'cancelled', null, now);
  return getRun(tx, runId);
}

/** Ends a run from outside, whoever holds it: the epoch moves on, so that its owner is fenced. */
export async function endRun(
  tx: Sql,
  run: Run,
  status: TerminalStatus,
  failure: RunFailure | null,
  now: number,
): Promise<boolean> {
  const { changes } = await tx.run(
    `UPDATE run SET status = :status, failure = :failure, epoch = epoch + 1, owner = NULL, lease_until = 0,
       last_seq = :lastSeq + 1, finished_at = :now
     WHERE id = :id AND epoch = :epoch AND ${LAST_SEQ} = :lastSeq AND status IN ('queued', 'running')`,
    {
      id: run.id,
      epoch: run.epoch,
      lastSeq: run.lastSeq,
      status,
      failure: failure === null ? null : JSON.stringify(failure),
      now,
    },
  );
  if (changes === 0) return false;
  await tx.run(INSERT_EVENT, {
    runId: run.id,
    seq: run.lastSeq + 1,
    epoch: run.epoch + 1,
    type: `run.${status}`,
    payload: JSON.stringify(failure ?? {}),
    now,
  });
  return true;
}

/** Runs that can never be claimed again: past their deadline, or out of attempts with no living owner. */
export async function findHopeless(sql: Sql, now: number, limit: number): Promise<Run[]> {
  const rows = await sql.all<RunRow>(
    `SELECT run.*, ${LAST_SEQ} AS last_seq FROM run WHERE status IN ('queued', 'running')
       AND (deadline_at <= :now - CASE WHEN owner IS NULL THEN 0 ELSE :graceMs END
         OR (attempts >= max_attempts AND lease_until <= :now AND available_at <= :now))
     LIMIT :limit`,
    { now, limit, graceMs: DEADLINE_GRACE_MS },
  );
  return rows.map(runFromRow);
}

/** What a living owner gets to end its run by itself, with its partial result. */
const DEADLINE_GRACE_MS = 5_000;

/** Positions of several runs at once, for watchers whose live channel may have lost something. */
export async function runPositions(
  sql: Sql,
  runIds: readonly string[],
): Promise<{ runId: string; lastSeq: number; status: RunStatus }[]> {
  const { names, params } = listParams('id', runIds);
  return sql.all(
    `SELECT id AS "runId", ${LAST_SEQ} AS "lastSeq", status FROM run WHERE id IN (${names})`,
    params,
  );
}

/** Named parameters for an IN list: powers of two in number, so that few distinct statements exist. */
function listParams(
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
