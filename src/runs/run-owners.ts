import type { Sql } from '../ledger/ledger.ts';
import { spreadBatches } from './event-batches.ts';

/**
 * The fence of an owner counts how often something was taken from it. As long as the number stands, an owner holds
 * what it held when it last looked, so that one small read covers the appends of all its runs.
 *
 * Whoever changes several rows of an owner takes this row's lock first; nobody waits for it while holding a run's. A claim
 * does not: it changes rows that were nobody's, and adds to what the owner holds.
 *
 * @returns the fence; null for an owner that never claimed anything
 */
export async function lockOwner(tx: Sql, owner: string): Promise<number | null> {
  const row = await tx.get<{ fence: number }>(
    'SELECT fence FROM run_owner WHERE id = :owner /*postgres: FOR NO KEY UPDATE */',
    { owner },
  );
  return row?.fence ?? null;
}

/**
 * Before a claim. Keeps the row from being forgotten, and waits for nobody: claims and appends of one process, each with
 * a commit at its end, would otherwise wait for each other under load. A fence that moves meanwhile was read too early,
 * and makes the next append look at its runs again.
 */
export async function enterOwner(tx: Sql, owner: string, now: number): Promise<number> {
  const row = await tx.get<{ fence: number }>(
    'SELECT fence FROM run_owner WHERE id = :owner /*postgres: FOR KEY SHARE */',
    { owner },
  );
  if (row !== undefined) return row.fence;
  // Begins at the time, so that an owner who was forgotten and returns never meets an old number again.
  await tx.run(
    'INSERT INTO run_owner (id, fence, created_at) VALUES (:owner, :now, :now) ON CONFLICT (id) DO NOTHING',
    { owner, now },
  );
  return now;
}

/**
 * Before anything is taken from an owner: its own next append has to look again, and what it wrote for several runs at
 * once moves into their logs, where its successor finds it.
 */
export async function fenceOwner(tx: Sql, owner: string): Promise<void> {
  await tx.run('UPDATE run_owner SET fence = fence + 1 WHERE id = :owner', { owner });
  await spreadBatches(tx, owner);
}

/** Owners of long ago that hold nothing; one that is still there enters again with its next claim. */
export async function forgetOwners(tx: Sql, before: number): Promise<void> {
  const old = await tx.all<{ id: string }>(
    'SELECT id FROM run_owner WHERE created_at < :before ORDER BY id /*postgres: FOR UPDATE */',
    { before },
  );
  // A statement of its own, so that it sees what was claimed while the locks were waited for.
  for (const { id } of old) {
    await tx.run(
      `DELETE FROM run_owner WHERE id = :id
         AND NOT EXISTS (SELECT 1 FROM run WHERE run.owner = :id AND run.status = 'running')
         AND NOT EXISTS (SELECT 1 FROM event_batch WHERE event_batch.owner = :id)`,
      { id },
    );
  }
}
