import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import type { Ledger } from '../ledger/ledger.ts';
import { releaseOwner } from '../runs/run-claims.ts';
import { type DataFolder, dataFolderInUse } from './data-folder.ts';
import { endLeftBehind, isAlive } from './process-table.ts';

/**
 * Makes the data folder this supervisor's alone. Its lock is ours, so whoever held runs before is dead or will find
 * itself fenced.
 *
 * @throws BudaoError data_folder_in_use
 */
export async function takeOver(ledger: Ledger, folder: DataFolder): Promise<void> {
  await refuseBesideLiving(ledger, folder);
  await endLeftBehind(ledger.read);
  await ledger.transaction(async (tx) => {
    await tx.run('DELETE FROM process');
    const owners = await tx.all<{ owner: string }>(
      `SELECT DISTINCT owner FROM run WHERE status = 'running' AND owner IS NOT NULL ORDER BY owner`,
    );
    for (const { owner } of owners) await releaseOwner(tx, owner, 'died');
  });
}

/** Somebody who took the lock's file for a left-over and removed it has let a second supervisor in. */
async function refuseBesideLiving(ledger: Ledger, folder: DataFolder): Promise<void> {
  const known = await ledger.read.all<{ pid: number }>(`SELECT pid FROM process WHERE role = 'supervisor'`);
  const living = known.find(({ pid }) => pid !== process.pid && isAlive(pid) && hasOpen(pid, folder.ledger));
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
