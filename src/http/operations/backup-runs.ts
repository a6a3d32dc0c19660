import type { Sql } from '../../ledger/ledger.ts';
import { CARE_KINDS } from '../../recovery/care/care-kinds.ts';
import { CARE_PROGRESS, type CareProgress } from '../../recovery/care/care-runs.ts';
import { SNAPSHOT_PROGRESS } from '../../recovery/snapshot/snapshot-handler.ts';
import { isTerminal, type Run } from '../../runs/run.ts';
import { getRun, readEvents } from '../../runs/run-store.ts';

const MOST_SHOWN = 50;
/** The last of so many events is looked at. */
const EVENTS_LOOKED_AT = 20;

export interface BackupRun {
  run: Run;
  progress: CareProgress | null;
}

export async function openBackupRuns(sql: Sql): Promise<BackupRun[]> {
  const kinds = CARE_KINDS.map((kind) => `'${kind}'`).join(', ');
  const rows = await sql.all<{ id: string }>(
    `SELECT id FROM run WHERE kind IN (${kinds}) AND status IN ('queued', 'running')
     ORDER BY created_at, id LIMIT ${MOST_SHOWN}`,
  );
  const runs: BackupRun[] = [];
  for (const { id } of rows) {
    const run = await getRun(sql, id);
    if (run !== undefined) runs.push(await withProgress(sql, run));
  }
  return runs;
}

export async function withProgress(sql: Sql, run: Run): Promise<BackupRun> {
  if (isTerminal(run.status)) return { run, progress: null };
  const after = Math.max(0, run.lastSeq - EVENTS_LOOKED_AT);
  const events = await readEvents(sql, run.id, after, EVENTS_LOOKED_AT);
  const last = events.findLast(({ type }) => type === CARE_PROGRESS || type === SNAPSHOT_PROGRESS);
  if (last === undefined) return { run, progress: null };
  if (last.type === CARE_PROGRESS) return { run, progress: last.payload as CareProgress };
  const { phase, blobs, blobsTotal } = last.payload as { phase: string; blobs: number; blobsTotal: number };
  return { run, progress: { phase, done: blobs, total: blobsTotal } };
}
