import type { Sql } from '../../ledger/ledger.ts';
import { decodeSnapshot, type Snapshot } from './snapshot.ts';

/** One process as it last reported. */
export interface ProcessSignals {
  id: string;
  role: string;
  /** Of the machine; empty where the row does not say. */
  host: string;
  snapshot: Snapshot;
}

/** @returns false for a process that is not in the table (any more) */
export async function writeProcessSignals(
  tx: Sql,
  report: { id: string; signals: string },
): Promise<boolean> {
  const { changes } = await tx.run('UPDATE process SET signals = :signals WHERE id = :id', report);
  return changes === 1;
}

export async function readProcessSignals(sql: Sql): Promise<ProcessSignals[]> {
  const rows = await sql.all<{ id: string; role: string; host: string; signals: string }>(
    `SELECT id, role, COALESCE(host, '') AS host, signals FROM process WHERE signals IS NOT NULL ORDER BY id`,
  );
  return rows.flatMap(({ signals, ...row }) => {
    const snapshot = decodeSnapshot(signals);
    return snapshot === null ? [] : [{ ...row, snapshot }];
  });
}
