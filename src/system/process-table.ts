import { readFileSync } from 'node:fs';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { VERSION } from './version.ts';

export type ProcessRole = 'supervisor' | 'api' | 'worker' | 'parser';

export interface ProcessEntry {
  id: string;
  pid: number;
  role: ProcessRole;
  version: string;
  startedAt: number;
  seenAt: number;
  /** Ids of the runs that the process holds. */
  runs: string[];
}

export async function registerProcess(
  ledger: Ledger,
  entry: { id: string; pid: number; role: ProcessRole },
): Promise<void> {
  const now = Date.now();
  await ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO process (id, pid, role, version, started_at, seen_at)
       VALUES (:id, :pid, :role, :version, :now, :now)
       ON CONFLICT (id) DO UPDATE SET pid = :pid, seen_at = :now`,
      { ...entry, version: VERSION, now },
    ),
  );
}

export async function removeProcess(tx: Sql, id: string): Promise<void> {
  await tx.run('DELETE FROM process WHERE id = :id', { id });
}

/** Every process of the installation that is alive, with the runs that it holds. */
export async function listProcesses(sql: Sql): Promise<ProcessEntry[]> {
  const processes = await sql.all<Omit<ProcessEntry, 'runs'>>(
    `SELECT id, pid, role, version, started_at AS "startedAt", seen_at AS "seenAt" FROM process ORDER BY started_at, id`,
  );
  const held = await sql.all<{ id: string; owner: string }>(
    `SELECT id, owner FROM run WHERE status = 'running' AND owner IS NOT NULL`,
  );
  return processes
    .filter((entry) => isAlive(entry.pid))
    .map((entry) => ({ ...entry, runs: held.filter((run) => run.owner === entry.id).map((run) => run.id) }));
}

/**
 * Ends what an earlier supervisor left behind: a frozen child does not notice that it is alone, and keeps the port.
 * The id in its environment tells it from another program that has got its number since.
 */
export async function endLeftBehind(sql: Sql): Promise<void> {
  for (const { id, pid } of await sql.all<{ id: string; pid: number }>('SELECT id, pid FROM process')) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (environment.includes(`BUDAO_PROCESS_ID=${id}`)) process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already, or somebody else's.
    }
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
}

/** A killed child that its parent has not yet collected still answers signals. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
