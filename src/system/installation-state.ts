/** What runs on a data folder, read from the ledger alone: it answers when nothing else does, and changes nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { NotThereYet } from '../http/foundation/not-there-yet.ts';
import type { Sql } from '../ledger/ledger.ts';
import type { StreamState } from '../recovery/stream/stream-state.ts';
import { SqliteConnection } from '../stores/ledger/sqlite-connection.ts';
import { IndexRebuilt, requireRepaired } from './backup/index-rebuilt.ts';
import { readStreamStates } from './backup/stream-states.ts';
import { type Configuration, isCluster } from './configuration.ts';
import type { DataFolder } from './data-folder.ts';
import { readEndpoint } from './endpoint-file.ts';
import { listProcesses, type ProcessEntry } from './process-table.ts';
import { isShipped, openLedger } from './shared-stores.ts';
import { readStarting, type Starting } from './starting.ts';
import { readTroubles, type Trouble } from './troubles.ts';

const PRAGMAS = ['busy_timeout = 2000', 'query_only = ON'];

type ShownProcess = Pick<ProcessEntry, 'id' | 'pid' | 'role' | 'version' | 'startedAt' | 'node' | 'runs'>;

export interface InstallationState {
  running: boolean;
  /** Null when no API process is alive. */
  url: string | null;
  version: string | null;
  dataDir: string;
  processes: ShownProcess[];
  /** What keeps a role from running, while it is tried again and again. */
  troubles: Trouble[];
  /** How far a start or a repair is; null when there is none. */
  starting: Starting | null;
  /** How far behind each repository is that this machine ships its changes to. */
  streams: StreamState[];
}

/** In a cluster the processes of all nodes are listed; `configuration` says where its ledger is. */
export async function readInstallationState(
  folder: DataFolder,
  configuration: Configuration | null = null,
): Promise<InstallationState> {
  const known = await readLedger(folder, configuration);
  const processes = known.processes.filter((entry) => entry.host !== hostname() || isBudao(entry.pid));
  const hasApi = processes.some((entry) => entry.role === 'api');
  const supervisor = processes.find((entry) => entry.role === 'supervisor');
  return {
    running: processes.length > 0,
    url: hasApi ? await readEndpoint(folder) : null,
    version: processes[0]?.version ?? null,
    dataDir: folder.path,
    processes: processes.map(withoutInternals),
    troubles: await readTroubles(folder, supervisor?.id),
    starting: readStarting(folder) ?? known.work,
    streams: configuration !== null && isShipped(configuration) ? await readStreamStates(configuration) : [],
  };
}

/** What people and scripts are shown of a process. */
function withoutInternals({ id, pid, role, version, startedAt, node, runs }: ProcessEntry): ShownProcess {
  return { id, pid, role, version, startedAt, node, runs };
}

interface Known {
  processes: ProcessEntry[];
  work: Starting | null;
}

async function readLedger(folder: DataFolder, configuration: Configuration | null): Promise<Known> {
  if (configuration !== null && isCluster(configuration)) {
    await using ledger = await openLedger(configuration);
    return await look(ledger.read);
  }
  const nothing: Known = { processes: [], work: null };
  if (!existsSync(folder.ledger)) return nothing;
  const connection = new SqliteConnection(folder.ledger, PRAGMAS);
  try {
    return (await hasTables(connection)) ? await look(connection) : nothing;
  } finally {
    connection.close();
  }
}

async function look(sql: Sql): Promise<Known> {
  const processes = await listProcesses(sql);
  return { processes, work: processes.length === 0 ? null : await workUnderWay(sql, processes) };
}

/** What was restored is indexed before questions are answered; what is repaired, beside them. */
async function workUnderWay(sql: Sql, processes: readonly ProcessEntry[]): Promise<Starting | null> {
  const startedAt = Math.min(...processes.map((entry) => entry.startedAt));
  const looks = [
    ['index', new IndexRebuilt().check(sql)],
    ['repair', requireRepaired(sql, startedAt)],
  ] as const;
  for (const [step, looking] of looks) {
    const progress = await looking.then(
      () => null,
      (error: unknown) => (error instanceof NotThereYet ? error.progress : null),
    );
    if (progress !== null) return { step, progress };
  }
  return null;
}

/** False for a service that is only just making its ledger, and for a ledger that an older program has left. */
async function hasTables(sql: Sql): Promise<boolean> {
  const found = await sql.get(
    `SELECT 1 AS one FROM pragma_table_info('process') WHERE name = 'settings_hash'`,
  );
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
