import { runningLimit } from '../contract/workspace-limits.ts';
import type { Sql } from '../ledger/ledger.ts';
import {
  CLAIMABLE,
  type ClaimQueue,
  ClaimTurns,
  claimableQueues,
  claimQueues,
  FIRST_OF_ITS_SUBJECT,
  shareSlots,
} from './claim-queues.ts';
import type { Run } from './run.ts';
import { enterOwner, fenceOwner, lockOwner } from './run-owners.ts';
import { LAST_ROW_SEQ, listParams, type RunRow, runFromRow } from './run-rows.ts';

/** No lease is longer: one that lies further ahead was written before the clock was set back, and counts as run out. */
const LONGEST_LEASE_MS = 60_000;

const EXPIRED = `(lease_until <= :now OR lease_until > :now + ${LONGEST_LEASE_MS})`;
/** Held by somebody who let the lease run out. */
const LEFT_BEHIND = `owner IS NOT NULL AND status = 'running' AND ${EXPIRED}`;
/** The kinds of which something waits for a claim; cheap enough to ask several times a second. */
export async function claimableKinds(sql: Sql, kinds: readonly string[], now: number): Promise<Set<string>> {
  const waiting = new Set((await claimableQueues(sql, kinds, now)).map((queue) => queue.kind));
  const others = kinds.filter((kind) => !waiting.has(kind));
  if (others.length === 0) return waiting;
  const { names, params } = listParams('kind', others);
  const left = await sql.all<{ kind: string }>(
    `SELECT DISTINCT kind FROM run WHERE ${CLAIMABLE} AND ${LEFT_BEHIND} AND kind IN (${names})`,
    { ...params, now },
  );
  for (const { kind } of left) waiting.add(kind);
  return waiting;
}

export interface ClaimRequest {
  owner: string;
  kind: string;
  limit: number;
  now: number;
  leaseUntil: number;
  /** Also takes runs whose lease has run out, from whoever held them; true unless told otherwise. */
  takeExpired?: boolean;
  /** What the claimant remembers from claim to claim; without it, equals go by age. */
  turns?: ClaimTurns;
}

/**
 * Takes up to `limit` runs of one kind: those that nobody holds, and those whose lease has run out. Workspaces share
 * the slots (`claim-queues.ts`), each up to its own limit; claims that cross each other may pass it by a few.
 */
export async function claimRuns(tx: Sql, request: ClaimRequest): Promise<Run[]> {
  const { owner, kind, limit, now, leaseUntil, turns = new ClaimTurns() } = request;
  const left = request.takeExpired === false ? [] : await ownersLeftBehind(tx, kind, now);
  let fence = 0;
  // In one order, whoever claims: of two that lock each other's owners, one would be sacrificed.
  for (const each of [...new Set([...left, owner])].sort()) {
    if (left.includes(each)) await releaseExpired(tx, each, kind, now);
    if (each === owner) fence = await enterOwner(tx, owner, now);
  }
  let open = await claimQueues(tx, [kind]);
  const claimed: RunRow[] = [];
  while (open.length > 0 && claimed.length < limit) {
    const empty = new Set<ClaimQueue>();
    for (const [queue, count] of shareSlots(open, limit - claimed.length, turns)) {
      const { workspaceId, priority } = queue;
      const rows = await tx.all<RunRow>(CLAIM, {
        owner,
        kind,
        workspaceId,
        priority,
        count,
        now,
        leaseUntil,
      });
      claimed.push(...rows);
      if (rows.length < count) empty.add(queue);
      else turns.served(queue);
      for (const other of open) if (other.workspaceId === workspaceId) other.underway += rows.length;
    }
    open = open.filter((queue) => !empty.has(queue) && queue.underway < queue.limit);
  }
  const positions = await positionsOf(
    tx,
    claimed.filter((row) => row.epoch > 1).map((row) => row.id),
  );
  return claimed.map((row) => ({
    ...runFromRow({ ...row, last_seq: positions.get(row.id) ?? row.last_seq }),
    fence,
  }));
}

/**
 * How far the logs of runs with a past have come. A statement of its own: on PostgreSQL the claim itself sees the events
 * of the moment at which it began, and the runs of the moment at which it took them.
 */
async function positionsOf(tx: Sql, runIds: readonly string[]): Promise<Map<string, number>> {
  if (runIds.length === 0) return new Map();
  const { names, params } = listParams('id', runIds);
  const rows = await tx.all<{ id: string; lastSeq: number }>(
    `SELECT id, ${LAST_ROW_SEQ} AS "lastSeq" FROM run WHERE id IN (${names})`,
    params,
  );
  return new Map(rows.map((row) => [row.id, row.lastSeq]));
}

const TAKEN = `last_seq = ${LAST_ROW_SEQ}, status = 'running', owner = :owner, epoch = epoch + 1,
    attempts = attempts + 1, lease_until = :leaseUntil, started_at = COALESCE(started_at, :now)`;
const CLAIM = `
  WITH chosen AS MATERIALIZED (
    SELECT id FROM run AS candidate
    WHERE ${CLAIMABLE} AND owner IS NULL AND kind = :kind AND workspace_id = :workspaceId AND priority = :priority
      AND ${FIRST_OF_ITS_SUBJECT}
    ORDER BY created_at, id LIMIT :count /*postgres: FOR UPDATE SKIP LOCKED */)
  UPDATE run SET ${TAKEN} WHERE id IN (SELECT id FROM chosen) RETURNING *`;

/**
 * Takes one run that has just been submitted, if nobody holds it, nothing of its subject comes before it, and its
 * workspace has room. Does not ask who waits longer: a worker with a free slot has nobody waiting.
 */
export async function claimRun(
  tx: Sql,
  request: { owner: string; runId: string; now: number; leaseUntil: number },
): Promise<Run | null> {
  const { owner, runId, now, leaseUntil } = request;
  const fence = await enterOwner(tx, owner, now);
  const found = await tx.get<{ kind: string; underway: number; settings: string | null }>(CANDIDATE, {
    runId,
    now,
  });
  if (found === undefined || Number(found.underway) >= runningLimit(found.kind, found.settings)) return null;
  const row = await tx.get<RunRow>(`UPDATE run SET ${TAKEN} WHERE id = :runId RETURNING *`, {
    owner,
    runId,
    now,
    leaseUntil,
  });
  return row === undefined ? null : { ...runFromRow(row), fence };
}

const CANDIDATE = `
  SELECT kind, (SELECT settings FROM workspace WHERE workspace.id = candidate.workspace_id) AS settings,
    (SELECT count(*) FROM run AS held WHERE held.kind = candidate.kind AND held.workspace_id = candidate.workspace_id
       AND held.owner IS NOT NULL AND held.status = 'running') AS underway
  FROM run AS candidate WHERE id = :runId AND ${CLAIMABLE} AND owner IS NULL AND ${FIRST_OF_ITS_SUBJECT}
  /*postgres: FOR UPDATE OF candidate SKIP LOCKED */`;

/** Those that let their leases on runs of a kind run out. */
async function ownersLeftBehind(tx: Sql, kind: string, now: number): Promise<string[]> {
  const owners = await tx.all<{ owner: string }>(
    `SELECT DISTINCT owner FROM run WHERE ${CLAIMABLE} AND ${LEFT_BEHIND} AND kind = :kind`,
    { kind, now },
  );
  return owners.map(({ owner }) => owner);
}

async function releaseExpired(tx: Sql, owner: string, kind: string, now: number): Promise<void> {
  await fenceOwner(tx, owner);
  await tx.run(
    `UPDATE run SET owner = NULL, lease_until = 0
     WHERE owner = :owner AND status = 'running' AND kind = :kind AND ${EXPIRED}`,
    { owner, kind, now },
  );
}

/** Whether the caller still holds the run: for other writes of a handler, in the same transaction as they. */
export async function holdsRun(
  tx: Sql,
  claim: { runId: string; owner: string; epoch: number },
): Promise<boolean> {
  const row = await tx.get(
    `SELECT 1 AS one FROM run WHERE id = :runId AND owner = :owner AND epoch = :epoch AND status = 'running'
     /*postgres: FOR SHARE */`,
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
  await lockOwner(tx, request.owner);
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

/**
 * Gives up everything an owner holds: the runs can be claimed at once.
 *
 * @param reason one that is leaving on purpose was not killed by its runs, so the claim does not count as an attempt
 */
export async function releaseOwner(tx: Sql, owner: string, reason: 'died' | 'leaving'): Promise<number> {
  await fenceOwner(tx, owner);
  const attempts = reason === 'leaving' ? 'CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END' : 'attempts';
  const { changes } = await tx.run(
    `UPDATE run SET owner = NULL, lease_until = 0, attempts = ${attempts} WHERE owner = :owner AND status = 'running'`,
    { owner },
  );
  return changes;
}

/** Puts a run back after a passing failure, to be claimed again after `delayMs`; not one that is asked to stop. */
export async function postponeRun(
  tx: Sql,
  claim: { runId: string; owner: string; epoch: number },
  availableAt: number,
): Promise<boolean> {
  // Text of it may still be on its way: it must not arrive after the run has left.
  await fenceOwner(tx, claim.owner);
  const { changes } = await tx.run(
    `UPDATE run SET status = 'queued', owner = NULL, lease_until = 0, available_at = :availableAt
     WHERE id = :runId AND owner = :owner AND epoch = :epoch AND status = 'running' AND cancel_requested = 0`,
    { ...claim, availableAt },
  );
  return changes === 1;
}
