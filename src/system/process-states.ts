/** Every process that the ledger knows of, and how it fares, for people to look at. */
import { hostname } from 'node:os';
import { decodeSnapshot, type Snapshot } from '../health/signals/snapshot.ts';
import type { SystemStatus } from '../http/dependencies.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Sql } from '../ledger/ledger.ts';
import { isAlive, SILENT_MS } from './process-table.ts';

type ShownProcess = SystemStatus['processes'][number];

interface ProcessRow {
  id: string;
  pid: number;
  role: string;
  version: string;
  startedAt: number;
  seenAt: number;
  node: string | null;
  host: string | null;
  slots: number | null;
  signals: string | null;
}

/**
 * Those of silent nodes are in it until they are forgotten; those that ended on this machine are not. Without a cluster
 * nobody writes heartbeats: there the system's word that a process is alive counts as one.
 */
export async function describeProcesses(sql: Sql, hasHeartbeats: boolean): Promise<ShownProcess[]> {
  const rows = await sql.all<ProcessRow>(
    `SELECT id, pid, role, version, started_at AS "startedAt", seen_at AS "seenAt", node, host,
       answer_slots AS slots, signals
     FROM process ORDER BY started_at, id`,
  );
  const held = await sql.all<{ id: string; owner: string }>(
    `SELECT id, owner FROM run WHERE status = 'running' AND owner IS NOT NULL`,
  );
  const now = ledgerTime();
  return rows
    .filter(({ host, pid }) => (host !== null && host !== hostname()) || isAlive(pid))
    .map(({ slots, signals, ...row }) => ({
      ...row,
      slots,
      signals,
      seenAt: hasHeartbeats ? row.seenAt : now,
    }))
    .map(({ slots, signals, ...row }) => ({
      ...row,
      state: stateOf(row, slots, now),
      load: loadOf(signals === null ? null : decodeSnapshot(signals)),
      runIds: held.filter(({ owner }) => owner === row.id).map(({ id }) => id),
    }));
}

function stateOf(
  { role, seenAt }: Pick<ProcessRow, 'role' | 'seenAt'>,
  slots: number | null,
  now: number,
): ShownProcess['state'] {
  if (seenAt <= now - SILENT_MS) return 'silent';
  if (role !== 'worker') return 'ready';
  // A worker offers places for answers once it can give them, and takes the offer back when it leaves.
  if (slots === null) return 'starting';
  return Number(slots) === 0 ? 'leaving' : 'ready';
}

function loadOf(snapshot: Snapshot | null): ShownProcess['load'] {
  if (snapshot === null) return null;
  const gauge = (name: keyof Snapshot['gauges']): number | null => snapshot.gauges[name]?.get('') ?? null;
  return {
    cpuCores: gauge('process_cpu_ratio'),
    memoryBytes: gauge('process_memory_bytes'),
    loopLagSeconds: gauge('loop_lag_seconds'),
    workersConfigured: gauge('workers_configured'),
  };
}
