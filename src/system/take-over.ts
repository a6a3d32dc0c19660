import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { BudaoError } from '../contract/errors.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { releaseOwner } from '../runs/run-claims.ts';
import { type DataFolder, dataFolderInUse } from './data-folder.ts';
import { endLeftBehind, isAlive, isPresent } from './process-table.ts';

interface KnownProcess {
  id: string;
  pid: number;
  host: string | null;
  role: string;
  seenAt: number;
}

/**
 * Makes the data folder, or in a cluster the name of the node, this supervisor's alone. Whoever held runs under it before
 * is dead or will find itself fenced.
 *
 * @throws BudaoError data_folder_in_use, node_name_in_use
 */
export async function takeOver(
  ledger: Ledger,
  folder: DataFolder,
  place: { node: string; isCluster: boolean },
): Promise<void> {
  const mine = place.isCluster ? 'WHERE node = :node' : '';
  const params = place.isCluster ? { node: place.node } : {};
  const known = await ledger.read.all<KnownProcess>(
    `SELECT id, pid, host, role, seen_at AS "seenAt" FROM process ${mine}`,
    params,
  );
  if (place.isCluster) refuseTwins(known, place.node);
  else refuseBesideLiving(known, folder);
  endLeftBehind(known);
  await ledger.transaction(async (tx) => {
    await tx.run(`DELETE FROM process ${mine}`, params);
    const owners = place.isCluster
      ? known.map(({ id }) => ({ owner: id })).sort(byOwner)
      : await allOwners(tx);
    for (const { owner } of owners) await releaseOwner(tx, owner, 'died');
  });
}

/** Alone with its ledger, a supervisor also finds owners whose rows are gone. */
function allOwners(tx: Sql): Promise<{ owner: string }[]> {
  return tx.all(
    `SELECT DISTINCT owner FROM run WHERE status = 'running' AND owner IS NOT NULL ORDER BY owner`,
  );
}

function byOwner(left: { owner: string }, right: { owner: string }): number {
  return left.owner < right.owner ? -1 : 1;
}

function refuseTwins(known: readonly KnownProcess[], node: string): void {
  const twin = known.find((entry) => entry.role === 'supervisor' && !isOwnRow(entry) && isPresent(entry));
  if (twin === undefined) return;
  throw new BudaoError(
    'conflict',
    'node_name_in_use',
    `Another node is called "${node}" (process ${twin.pid} on ${twin.host}). Give each node a name of its own with ` +
      'BUDAO_NODE, or stop the other one.',
  );
}

/** Left by an earlier start: in a container every start has the same number, and so has the twin on another machine. */
function isOwnRow({ pid, host }: KnownProcess): boolean {
  return pid === process.pid && (host === null || host === hostname());
}

/** Somebody who took the lock's file for a left-over and removed it has let a second supervisor in. */
function refuseBesideLiving(known: readonly KnownProcess[], folder: DataFolder): void {
  const living = known.find(
    ({ pid, role }) =>
      role === 'supervisor' && pid !== process.pid && isAlive(pid) && hasOpen(pid, folder.ledger),
  );
  if (living !== undefined) throw dataFolderInUse(folder, living.pid);
}

/** False where the system does not tell. */
function hasOpen(pid: number, path: string): boolean {
  try {
    const target = realpathSync(path);
    return readdirSync(`/proc/${pid}/fd`).some((fd) => isLinkTo(`/proc/${pid}/fd/${fd}`, target));
  } catch {
    return false;
  }
}

function isLinkTo(link: string, target: string): boolean {
  try {
    return readlinkSync(link) === target;
  } catch {
    return false;
  }
}
