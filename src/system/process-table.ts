import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Capacity } from '../http/admission/load-sample.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { VERSION } from './version.ts';

export type ProcessRole = 'supervisor' | 'api' | 'worker' | 'parser';

/** A process that its node has not spoken of for so long is not counted on. */
export const SILENT_MS = 5_000;
/** After this it is no longer listed. */
const FORGOTTEN_MS = 10 * 60_000;

export interface ProcessEntry {
  id: string;
  pid: number;
  role: ProcessRole;
  version: string;
  startedAt: number;
  seenAt: number;
  /** The name of its node, and of the machine; null in the rows of older programs. */
  node: string | null;
  host: string | null;
  settingsHash: string | null;
  /** Ids of the runs that the process holds. */
  runs: string[];
}

/** What a process says of itself. */
export interface NewProcess {
  id: string;
  pid: number;
  role: ProcessRole;
  node: string;
  settingsHash: string | null;
}

export async function registerProcess(ledger: Ledger, entry: NewProcess): Promise<void> {
  const now = ledgerTime();
  await ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO process (id, pid, role, version, started_at, seen_at, node, host, settings_hash)
       VALUES (:id, :pid, :role, :version, :now, :now, :node, :host, :settingsHash)
       ON CONFLICT (id) DO UPDATE SET pid = :pid, seen_at = :now`,
      { ...entry, version: VERSION, host: hostname(), now },
    ),
  );
}

/** The heartbeat of a node: all its processes are as well as the supervisor that looks after them. */
export async function markSeen(tx: Sql, node: string, now: number): Promise<void> {
  await tx.run('UPDATE process SET seen_at = :now WHERE node = :node', { node, now });
  await tx.run('DELETE FROM process WHERE seen_at < :before', { before: now - FORGOTTEN_MS });
}

/** Once a worker takes answers. */
export async function offerAnswers(ledger: Ledger, id: string, slots: number): Promise<void> {
  await ledger.transaction((tx) =>
    tx.run('UPDATE process SET answer_slots = :slots WHERE id = :id', { id, slots }),
  );
}

/** What the living processes of all nodes can take on together. */
export async function readCapacity(sql: Sql): Promise<Capacity> {
  const rows = await sql.all<
    Pick<ProcessEntry, 'pid' | 'host' | 'seenAt'> & { role: string; slots: number | null }
  >('SELECT pid, host, seen_at AS "seenAt", role, answer_slots AS slots FROM process');
  const present = rows.filter(isPresent);
  return {
    answerSlots: present.reduce((sum, { slots }) => sum + Number(slots ?? 0), 0),
    apiProcesses: Math.max(1, present.filter(({ role }) => role === 'api').length),
  };
}

export async function removeProcess(tx: Sql, id: string): Promise<void> {
  await tx.run('DELETE FROM process WHERE id = :id', { id });
}

/** Every process of the installation that is alive, with the runs that it holds. */
export async function listProcesses(sql: Sql): Promise<ProcessEntry[]> {
  const processes = await sql.all<Omit<ProcessEntry, 'runs'>>(
    `SELECT id, pid, role, version, started_at AS "startedAt", seen_at AS "seenAt", node, host,
       settings_hash AS "settingsHash"
     FROM process ORDER BY started_at, id`,
  );
  const held = await sql.all<{ id: string; owner: string }>(
    `SELECT id, owner FROM run WHERE status = 'running' AND owner IS NOT NULL`,
  );
  return processes
    .filter(isPresent)
    .map((entry) => ({ ...entry, runs: held.filter((run) => run.owner === entry.id).map((run) => run.id) }));
}

/** Of processes on this machine the system knows; of others, how long ago their node spoke of them. */
export function isPresent({ pid, host, seenAt }: Pick<ProcessEntry, 'pid' | 'host' | 'seenAt'>): boolean {
  if (host === null || host === hostname()) return isAlive(pid);
  return seenAt > ledgerTime() - SILENT_MS;
}

/**
 * Ends what an earlier supervisor left behind on this machine: a frozen child does not notice that it is alone, and
 * keeps the port. The id in its environment tells it from another program that has got its number since.
 */
export function endLeftBehind(processes: readonly { id: string; pid: number; host: string | null }[]): void {
  for (const { id, pid, host } of processes) {
    if (host !== null && host !== hostname()) continue;
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
