/**
 * Requests that a client may send again: what the first one made is remembered with it, in one transaction, so that a
 * process may die between storing and answering. Only ids are kept, nothing that anybody wrote.
 */
import { BudaoError } from '../contract/errors.ts';
import type { Sql } from './ledger.ts';
import type { ScopedSql } from './scope.ts';

/** Longer than any client goes on trying, also one that was switched off over night. */
export const REQUEST_KEPT_MS = 24 * 3_600_000;
/** One sweep holds the ledger for a moment only. */
const FORGOTTEN_AT_ONCE = 1_000;

/** Marks a request, so that the same one sent again is known. */
export interface RequestMark {
  /** Counts for its owner only. */
  key: string;
  /** SHA-256 of the request, so that a key is not used for another one. */
  bodyHash: string;
}

/**
 * The ids of what `make` has made, now or when a request with the same mark came first. Comes first in its transaction:
 * of two that are sent at once, the second waits for the first one's row.
 *
 * @throws BudaoError idempotency_key_reused
 */
export async function madeOnce(
  tx: ScopedSql,
  mark: RequestMark | null,
  now: number,
  make: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (mark === null) return make();
  const { changes } = await tx.run(
    `INSERT INTO marked_request (workspace_id, request_key, body_hash, made, created_at)
     VALUES (:workspace, :key, :bodyHash, '[]', :now)
     ON CONFLICT (workspace_id, request_key) DO NOTHING`,
    { key: mark.key, bodyHash: mark.bodyHash, now },
  );
  if (changes === 0) return madeBefore(tx, mark);
  const made = await make();
  await tx.run(
    'UPDATE marked_request SET made = :made WHERE workspace_id = :workspace AND request_key = :key',
    { key: mark.key, made: JSON.stringify(made) },
  );
  return made;
}

async function madeBefore(tx: ScopedSql, { key, bodyHash }: RequestMark): Promise<readonly string[]> {
  const known = await tx.get<{ body_hash: string; made: string }>(
    `SELECT body_hash, made FROM marked_request WHERE workspace_id = :workspace AND request_key = :key`,
    { key },
  );
  if (known?.body_hash === bodyHash) return JSON.parse(known.made) as string[];
  throw new BudaoError(
    'conflict',
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request. Send a new key with a new request.',
  );
}

/** @returns how many were forgotten */
export async function forgetMarkedRequests(tx: Sql, before: number): Promise<number> {
  const { changes } = await tx.run(
    `DELETE FROM marked_request WHERE (workspace_id, request_key) IN (
       SELECT workspace_id, request_key FROM marked_request WHERE created_at < :before
       ORDER BY created_at LIMIT ${FORGOTTEN_AT_ONCE})`,
    { before },
  );
  return changes;
}
