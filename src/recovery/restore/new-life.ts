import type { Sql } from '../../ledger/ledger.ts';
import type { Run } from '../../runs/run.ts';
import { releaseOwner } from '../../runs/run-claims.ts';
import { endRun, getRun, shiftOpenRuns } from '../../runs/run-store.ts';
import { RESTORE_UNFINISHED } from './unfinished.ts';

/** A setting: where this installation came from. */
export const RESTORED_FROM = 'recovery.restored';

/**
 * What is about the place that the snapshot was taken of: news of its troubles, its upkeep, its backups, and an index
 * in the making that is not there.
 */
const ENDED_KINDS: ReadonlySet<string> = new Set([
  'notify',
  'maintain',
  'snapshot',
  'restore-part',
  'rebuild',
]);

export interface RestoredFrom {
  snapshotId: string;
  /** Of the installation that the snapshot was taken of. */
  installationId: string;
  /** Milliseconds since the epoch. */
  takenAt: number;
  restoredAt: number;
}

/**
 * Makes of a copy an installation of its own, in one transaction: a new identity, so that it hears and answers nobody
 * as its twin; no leases, owners or keys of machines; runs under way go on from where they were, with as much time as
 * they had.
 */
export async function beginNewLife(
  tx: Sql,
  from: RestoredFrom,
  { installationId, retiredKeyHashes }: { installationId: string; retiredKeyHashes: readonly string[] },
): Promise<void> {
  const now = from.restoredAt;
  await releaseRuns(tx);
  await shiftOpenRuns(tx, Math.max(0, now - from.takenAt));
  await endRunsOfThePlace(tx, now);
  await tx.run('UPDATE knowledge_base SET next_generation = NULL WHERE next_generation IS NOT NULL');
  for (const hash of retiredKeyHashes) await tx.run('DELETE FROM api_key WHERE key_hash = :hash', { hash });
  // Marks of the shared places and of the key that the cluster had.
  await tx.run(`DELETE FROM setting WHERE name LIKE 'cluster.%'`);
  // Keys that were sealed with the old place's secret open nothing here.
  await tx.run(`DELETE FROM setting WHERE name LIKE 'restore-part.%'`);
  await put(tx, 'installation.id', installationId, now);
  await put(tx, RESTORED_FROM, JSON.stringify(from), now);
  await tx.run('DELETE FROM setting WHERE name = :name', { name: RESTORE_UNFINISHED });
}

/** Also moves what they shared with others into their own logs. */
async function releaseRuns(tx: Sql): Promise<void> {
  const owners = await tx.all<{ owner: string }>(
    `SELECT owner FROM run WHERE owner IS NOT NULL UNION SELECT owner FROM event_batch ORDER BY owner`,
  );
  for (const { owner } of owners) await releaseOwner(tx, owner, 'leaving');
}

async function endRunsOfThePlace(tx: Sql, now: number): Promise<void> {
  const open = await tx.all<{ id: string; kind: string }>(
    `SELECT id, kind FROM run WHERE status IN ('queued', 'running') ORDER BY id`,
  );
  for (const { id } of open.filter(({ kind }) => ENDED_KINDS.has(kind))) {
    const run: Run | undefined = await getRun(tx, id);
    if (run === undefined) continue;
    const message = 'It belonged to the installation that the snapshot was taken of.';
    await endRun(tx, run, 'cancelled', { code: 'restored_elsewhere', message }, now);
  }
}

async function put(tx: Sql, name: string, value: string, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
    { name, value, now },
  );
}
