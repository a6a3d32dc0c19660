import type { Sql } from '../../ledger/ledger.ts';
import type { Meter } from './meter.ts';

/** Answers that nobody has taken up, and documents that cannot be found yet: measured once for all processes. */
export async function measureLedger(sql: Sql, meter: Meter, now: number): Promise<void> {
  const rows = await sql.all<{ kind: string; status: string; count: number; oldest: number | null }>(
    `SELECT kind, status, count(*) AS count, min(CASE WHEN status = 'queued' THEN available_at END) AS oldest
     FROM run WHERE status IN ('queued', 'running') GROUP BY kind, status`,
  );
  const total = (status: string): number =>
    rows.filter((row) => row.status === status).reduce((sum, row) => sum + Number(row.count), 0);
  meter.gauge('runs_queued', total('queued'));
  meter.gauge('runs_running', total('running'));
  const answers = rows.find((row) => row.kind === 'answer' && row.status === 'queued');
  meter.gauge('queue_age_seconds', secondsSince(answers?.oldest ?? null, now));
  const waiting = await sql.get<{ oldest: number | null }>(
    `SELECT min(created_at) AS oldest FROM run
     WHERE status IN ('queued', 'running') AND kind IN ('ingest', 'index')`,
  );
  meter.gauge('index_lag_seconds', secondsSince(waiting?.oldest ?? null, now));
}

function secondsSince(time: number | null, now: number): number {
  return time === null ? 0 : Math.max(0, now - Number(time)) / 1_000;
}
