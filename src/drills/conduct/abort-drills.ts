import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { clearAway } from '../undo/clear-away.ts';
import type { Undone } from '../undo/journal.ts';
import { signal } from '../undo/processes.ts';
import { waitUntil } from '../wait-until.ts';
import { drillUnderWay } from './drill-lock.ts';
import { drillFoldersIn } from './place.ts';

const LEAVE_DEADLINE_MS = 60_000;

export interface Aborted {
  /** The drill that was broken off; null where none was under way. */
  brokenOff: string | null;
  /** What was left behind, and whether it is gone. */
  left: Undone[];
}

/** Ends a drill that is under way, which undoes its faults by itself, and clears away what others have left behind. */
export async function abortDrills(workDir: string): Promise<Aborted> {
  const holder = drillUnderWay(workDir);
  if (holder !== null) {
    signal(holder.pid, 'SIGINT');
    await waitUntil(() => drillUnderWay(workDir) === null, LEAVE_DEADLINE_MS).catch(() =>
      signal(holder.pid, 'SIGKILL'),
    );
  }
  const left: Undone[] = [];
  for (const folder of drillFoldersIn(workDir)) left.push(...(await clearAway(folder)));
  if (drillUnderWay(workDir) === null) rmSync(join(workDir, 'lock.json'), { force: true });
  return { brokenOff: holder?.drillId ?? null, left };
}
