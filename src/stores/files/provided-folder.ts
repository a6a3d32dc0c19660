import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import { syncFolder } from './durable-file.ts';

/**
 * A folder that somebody else provides, such as a mounted drive. What a store lacks below it is made; it itself never
 * is, since whatever were stored there meanwhile would be gone once the drive is back.
 */
export interface ProvidedFolder {
  path: string;
  /** A file in it, without which it is an empty mount point or another drive; null where its presence is enough. */
  mark: string | null;
}

/** @throws BudaoError storage_unavailable */
export async function requireProvided({ path, mark }: ProvidedFolder): Promise<void> {
  try {
    await access(mark === null ? path : join(path, mark));
  } catch (error) {
    throw new BudaoError(
      'unavailable',
      'storage_unavailable',
      `The folder ${path} is gone, or is not the one that was there. Mount it again or put it back.`,
      { cause: error },
    );
  }
}

/**
 * Makes a folder with all its parents up to the provided one, each of them durable.
 *
 * @throws BudaoError storage_unavailable
 */
export async function makeFolderWithin(provided: ProvidedFolder, path: string): Promise<void> {
  if (await isThere(path)) return;
  await requireProvided(provided);
  await makeBelow(provided, path);
}

async function makeBelow(provided: ProvidedFolder, path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw error;
    // It may have gone this moment; then nothing more is made.
    await requireProvided(provided);
    if (dirname(path) === provided.path) throw error;
    await makeBelow(provided, dirname(path));
    await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
  }
  await syncFolder(dirname(path));
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
