import type { Sql } from '../ledger/ledger.ts';
import { spreadBatches } from './event-batches.ts';
import type { Run } from './run.ts';
import { enterOwner, fenceOwner, lockOwner } from './run-owners.ts';
import { LAST_ROW_SEQ, listParams, type RunRow, runFromRow } from './run-rows.ts';

/** No lease is longer: one that lies further ahead was written before the clock was set back, and counts as run out. */
const LONGEST_LEASE_MS = 60_000;

const EXPIRED = `(lease_until <= :now OR lease_until > :now + ${LONGEST_LEASE_MS})`;
const CLAIMABLE = `
  status IN ('queued', 'running') AND available_at <= :now AND deadline_at > :now AND attempts < max_attempts`;
/** Runs of one kind and subject go one after another, oldest first. */
const FIRST_OF_ITS_SUBJECT = `NOT EXISTS (
  SELECT 1 FROM run AS other
  WHERE other.workspace_id = candidate.workspace_id AND other.subject_id = candidate.subject_id
    AND other.kind = candidate.kind AND other.status IN ('queued', 'running') AND other.id <> candidate.id
    AND (other.owner IS NOT NULL OR other.created_at < candidate.created_at
      OR (other.created_at = candidate.created_at AND other.id < candidate.id)))`;

/** The kinds of which something waits for a claim; cheap enough to ask several times a second. */
export async function claimableKinds(sql: Sql, kinds: readonly string[], now: number): Promise<Set<string>> {
  const { names, params } = listParams('kind', kinds);
  const rows = await sql.all<{ kind: string }>(
    `SELECT DISTINCT kind FROM run AS candidate
     WHERE ${CLAIMABLE} AND ${EXPIRED} AND kind IN (${names}) AND ${FIRST_OF_ITS_SUBJECT}`,
    { ...params, now },
  );
  return new Set(rows.map((row) => row.kind));
}

export interface ClaimRequest {
  owner: string;
  kind: string;
  limit: number;
  now: number;
  leaseUntil: number;
  /** Also takes runs whose lease has run out, from whoever held them; true unless told otherwise. */
  takeExpired?: boolean;
}

/**
 * Takes up to `limit` runs of one kind: those that nobody holds, and those whose lease has run out.
 */
export async function claimRuns(tx: Sql, request: ClaimRequest): Promise<Run[]> {
  if (request.takeExpired !== false) await releaseExpired(tx, request.kind, request.now);
  const fence = await enterOwner(tx, request.owner, request.now);
  const { owner, kind, limit, now, leaseUntil } = request;
  const rows = await tx.all<RunRow>(CLAIM, { owner, kind, limit, now, leaseUntil });
  return rows.map((row) => ({ ...runFromRow(row), fence }));
}

const CLAIM = `
  WITH chosen AS MATERIALIZED (
    SELECT id FROM run AS candidate
    WHERE ${CLAIMABLE} AND owner IS NULL AND kind = :kind AND ${FIRST_OF_ITS_SUBJECT}
    ORDER BY priority DESC, created_at, id LIMIT :limit /*postgres: FOR UPDATE SKIP LOCKED */)
  UPDATE run SET last_seq = ${LAST_ROW_SEQ}, status = 'running', owner = :owner, epoch = epoch + 1,
    attempts = attempts + 1, lease_until = :leaseUntil, started_at = COALESCE(started_at, :now)
  WHERE id IN (SELECT id FROM chosen) RETURNING *`;

/** Takes the runs of a kind from owners that let their leases run out. */
async function releaseExpired(tx: Sql, kind: string, now: number): Promise<void> {
  const owners = await tx.all<{ owner: string }>(
    `SELECT DISTINCT owner FROM run WHERE ${CLAIMABLE} AND ${EXPIRED} AND kind = :kind AND owner IS NOT NULL
     ORDER BY owner`,
    { kind, now },
  );
  for (const { owner } of owners) {
    await fenceOwner(tx, owner);
    await tx.run(
      `UPDATE run SET owner = NULL, lease_until = 0
       WHERE owner = :owner AND status = 'running' AND kind = :kind AND ${EXPIRED}`,
      { owner, kind, now },
    );
  }
}

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

/** Puts a run back after a passing failure, to be claimed again after `delayMs`. */
export async function postponeRun(
  tx: Sql,
  claim: { runId: string; owner: string; epoch: number },
  availableAt: number,
): Promise<boolean> {
  await lockOwner(tx, claim.owner);
  await spreadBatches(tx, claim.owner);
  const { changes } = await tx.run(
    `UPDATE run SET status = 'queued', owner = NULL, lease_until = 0, available_at = :availableAt
     WHERE id = :runId AND owner = :owner AND epoch = :epoch AND status = 'running'`,
    { ...claim, availableAt },
  );
  return changes === 1;
}
