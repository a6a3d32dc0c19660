/**
 * What this machine remembers of a repository: whoever can write there could name a recipient of their own, or put
 * another repository in its place, and the next snapshot would be theirs.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import { makeFolderDurably, writeDurably } from '../../stores/files/durable-file.ts';

const PIN = 'pinned.sha256';

/** @throws BudaoError repository_changed */
export async function checkPin(stateFolder: string | null, description: string, name: string): Promise<void> {
  if (stateFolder === null) return;
  const path = join(stateFolder, PIN);
  const hash = createHash('sha256').update(description).digest('hex');
  const pinned = await readFile(path, 'utf8').catch(() => null);
  if (pinned?.trim() === hash) return;
  if (pinned !== null) {
    throw new BudaoError(
      'conflict',
      'repository_changed',
      `${name} is not the repository that this installation knows there: another one was put in its place, or who may read it was changed. If that was you, remove ${path} and start again; otherwise keep the disk and look who had access.`,
    );
  }
  await makeFolderDurably(stateFolder);
  await writeDurably(path, `${hash}\n`);
}
