/** A small disk of a node's own, which can be filled and be made read-only without harm to the machine. */
import { run } from '../commands.ts';
import type { UndoJournal } from '../undo/journal.ts';

/** Enough for the sample with its index and its write-ahead logs. */
const DISK_BYTES = 768 * 1024 * 1024;

export async function mountDisk(folder: string, journal: UndoJournal): Promise<void> {
  journal.store('disk', [{ act: 'mount.end', path: folder }]);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=0700`, 'budao-drill', folder]);
}
