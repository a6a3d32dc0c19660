import type { Ledger, Sql } from '../ledger/ledger.ts';
import type { DependencyState } from './dependency-state.ts';

/** A process reports every few seconds; one that has not for so long is gone, or sees nothing. */
const STALE_MS = 20_000;
const FORGOTTEN_MS = 600_000;

/** What one process has found out about what it depends on. */
export interface DependencyReport {
  processId: string;
  role: string;
  states: DependencyState[];
  reportedAt: number;
}

/** Not worth a sync of its own: what is lost is reported again in a moment. */
export async function writeReport(ledger: Ledger, report: DependencyReport): Promise<void> {
  await ledger.transaction(
    async (tx) => {
      await tx.run(
        `INSERT INTO dependency_report (process_id, role, states, reported_at)
         VALUES (:processId, :role, :states, :reportedAt)
         ON CONFLICT (process_id) DO UPDATE SET states = :states, reported_at = :reportedAt`,
        { ...report, states: JSON.stringify(report.states) },
      );
      await tx.run('DELETE FROM dependency_report WHERE reported_at < :before', {
        before: report.reportedAt - FORGOTTEN_MS,
      });
    },
    { relaxed: true },
  );
}

export async function removeReport(tx: Sql, processId: string): Promise<void> {
  await tx.run('DELETE FROM dependency_report WHERE process_id = :processId', { processId });
}

/** Of the processes that are there, in the order of their ids. */
export async function readReports(sql: Sql, now: number): Promise<DependencyReport[]> {
  const rows = await sql.all<{ processId: string; role: string; states: string; reportedAt: number }>(
    `SELECT process_id AS "processId", role, states, reported_at AS "reportedAt" FROM dependency_report
     WHERE reported_at > :since ORDER BY process_id`,
    { since: now - STALE_MS },
  );
  return rows.map((row) => ({ ...row, states: JSON.parse(row.states) as DependencyState[] }));
}
