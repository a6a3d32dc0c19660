import type { Ledger, Sql } from '../ledger/ledger.ts';
import { compactRows, type StoredEventRow } from './event-rows.ts';

/** Finished runs are compacted once their readers have most likely left. */
const COMPACT_AFTER_MS = 60_000;
const RUNS_PER_TRANSACTION = 20;

/** Merges the text deltas of finished runs. Reading the log gives the same events before and after. */
export async function compactFinishedRuns(ledger: Ledger, now: number): Promise<number> {
  const runs = await ledger.read.all<{ id: string }>(
    `SELECT id FROM run WHERE finished_at IS NOT NULL AND compacted_at IS NULL AND finished_at <= :before LIMIT :limit`,
    { before: now - COMPACT_AFTER_MS, limit: RUNS_PER_TRANSACTION },
  );
  if (runs.length === 0) return 0;
  return ledger.transaction(async (tx) => {
    for (const run of runs) await compactRun(tx, run.id, now);
    return runs.length;
  });
}

export async function compactRun(tx: Sql, runId: string, now: number): Promise<void> {
  // First, so that of two who tidy at once the second finds it done.
  const { changes } = await tx.run(
    'UPDATE run SET compacted_at = :now WHERE id = :runId AND compacted_at IS NULL',
    { runId, now },
  );
  if (changes === 0) return;
  const rows = await tx.all<StoredEventRow>('SELECT * FROM event WHERE run_id = :runId ORDER BY seq', {
    runId,
  });
  const { keep, merged } = compactRows(rows);
  if (merged.length > 0) {
    const kept = new Set(keep.map((row) => row.seq));
    for (const row of rows) {
      if (!kept.has(row.seq))
        await tx.run('DELETE FROM event WHERE run_id = :runId AND seq = :seq', { runId, seq: row.seq });
    }
    for (const row of merged) {
      await tx.run(
        `INSERT INTO event (run_id, seq, epoch, type, payload, created_at)
         VALUES (:run_id, :seq, :epoch, :type, :payload, :created_at)`,
        { ...row },
      );
    }
  }
}
