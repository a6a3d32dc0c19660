/** What runs on a data folder, read from the ledger alone: it answers when nothing else does, and changes nothing. */
import { existsSync, readFileSync } from 'node:fs';
import type { Sql } from '../ledger/ledger.ts';
import { SqliteConnection } from '../stores/ledger/sqlite-connection.ts';
import type { DataFolder } from './data-folder.ts';
import { readEndpoint } from './endpoint-file.ts';
import { listProcesses, type ProcessEntry } from './process-table.ts';
import { readTroubles, type Trouble } from './troubles.ts';

const PRAGMAS = ['busy_timeout = 2000', 'query_only = ON'];

export interface InstallationState {
  running: boolean;
  /** Null when no API process is alive. */
  url: string | null;
  version: string | null;
  dataDir: string;
  processes: Omit<ProcessEntry, 'seenAt'>[];
  /** What keeps a role from running, while it is tried again and again. */
  troubles: Trouble[];
}

export async function readInstallationState(folder: DataFolder): Promise<InstallationState> {
  const processes = (await readProcesses(folder)).filter((entry) => isBudao(entry.pid));
  const hasApi = processes.some((entry) => entry.role === 'api');
  const supervisor = processes.find((entry) => entry.role === 'supervisor');
  return {
    running: processes.length > 0,
    url: hasApi ? await readEndpoint(folder) : null,
    version: processes[0]?.version ?? null,
    dataDir: folder.path,
    processes: processes.map(({ id, pid, role, version, startedAt, runs }) => ({
      id,
      pid,
      role,
      version,
      startedAt,
      runs,
    })),
    troubles: await readTroubles(folder, supervisor?.id),
  };
}

async function readProcesses(folder: DataFolder): Promise<ProcessEntry[]> {
  if (!existsSync(folder.ledger)) return [];
  const connection = new SqliteConnection(folder.ledger, PRAGMAS);
  try {
    return (await hasTables(connection)) ? await listProcesses(connection) : [];
  } finally {
    connection.close();
  }
}

/** False for a service that is only just making its ledger. */
async function hasTables(sql: Sql): Promise<boolean> {
  const found = await sql.get(`SELECT 1 AS one FROM sqlite_master WHERE type = 'table' AND name = 'process'`);
  return found !== undefined;
}

/** After a power cut the rows of the dead are still there, and their numbers may belong to other programs. */
function isBudao(pid: number): boolean {
  let commandLine: string;
  try {
    commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return true;
  }
  return /system\/(main|processes\/\w+)\.[jt]s|parser-process\.[jt]s/.test(commandLine);
}
