/** Everything that a drill has left behind, from its journal to its folder. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MARK_FILE } from './acts.ts';
import { type Undone, undoAll } from './journal.ts';

export const JOURNAL_FILE = 'undo.jsonl';

/** The folder stays, with its journal, while something in it could not be undone: `budao drill abort` tries again. */
export async function clearAway(drillFolder: string): Promise<Undone[]> {
  if (!existsSync(join(drillFolder, MARK_FILE))) return [];
  const results = await undoAll(join(drillFolder, JOURNAL_FILE));
  if (results.every(({ problem }) => problem === null))
    await rm(drillFolder, { recursive: true, force: true, maxRetries: 5 });
  return results;
}
