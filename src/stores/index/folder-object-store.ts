import { createReadStream } from 'node:fs';
import { copyFile, link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import { syncFolder, temporaryPathBeside, writeDurably } from '../files/durable-file.ts';
import { FolderClock } from '../files/folder-clock.ts';
import { makeFolderWithin, type ProvidedFolder, requireProvided } from '../files/provided-folder.ts';
import { againWhenStale } from '../files/stale-handle.ts';
import { indexError } from './lancedb-errors.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * The index in a folder that several machines share.
 *
 * @param provided what is somebody else's to make; what is missing below it is made
 */
export function createFolderObjectStore(
  folder: string,
  provided: ProvidedFolder = { path: path.dirname(folder), mark: null },
): ObjectStore {
  const store = createPlainStore(folder, provided);
  const guard = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw folderError(folder, error);
    });
  return {
    put: (key, body) => guard(store.put(key, body)),
    putFile: (key, from) => guard(store.putFile(key, from)),
    putIfAbsent: (key, body) => guard(store.putIfAbsent(key, body)),
    get: (key) => guard(store.get(key)),
    read: (key) => guard(store.read(key)),
    async *list(prefix, limit) {
      yield* await guard(Array.fromAsync(store.list(prefix, limit)));
    },
    delete: (key) => guard(store.delete(key)),
  };
}

function createPlainStore(folder: string, provided: ProvidedFolder): ObjectStore {
  const place = (key: string) => path.join(folder, key);
  const clock = new FolderClock(folder);
  /** With the folder itself gone, nothing is known of what it holds. */
  const nullWhereMissing = async (error: NodeJS.ErrnoException): Promise<null> => {
    if (error.code !== 'ENOENT') throw error;
    await requireProvided(provided);
    return null;
  };
  return {
    async put(key, body) {
      await makeFolderWithin(provided, path.dirname(place(key)));
      await writeDurably(place(key), body);
    },
    async putFile(key, from) {
      await makeFolderWithin(provided, path.dirname(place(key)));
      const temporary = temporaryPathBeside(place(key));
      await copyFile(from, temporary);
      await syncFile(temporary);
      await rename(temporary, place(key));
      await syncFolder(path.dirname(place(key)));
    },
    async putIfAbsent(key, body) {
      await makeFolderWithin(provided, path.dirname(place(key)));
      const temporary = temporaryPathBeside(place(key));
      await writeDurably(temporary, body);
      try {
        return await linkOnce(temporary, place(key));
      } finally {
        await rm(temporary, { force: true });
        await syncFolder(path.dirname(place(key)));
      }
    },
    get: (key) => againWhenStale(() => readFile(place(key))).catch(nullWhereMissing),
    async read(key) {
      const found = await againWhenStale(() => stat(place(key))).catch(nullWhereMissing);
      return found === null ? null : createReadStream(place(key));
    },
    async *list(prefix, limit = Number.POSITIVE_INFINITY) {
      const names = (await againWhenStale(() => readdir(place(prefix))).catch(nullWhereMissing)) ?? [];
      const visible = names.filter((name) => !name.startsWith('.tmp-')).sort();
      for (const name of visible.slice(0, limit)) {
        const found = await againWhenStale(() => stat(place(`${prefix}${name}`))).catch(nullWhereMissing);
        if (found !== null) yield { key: `${prefix}${name}`, ageMs: await clock.ageOf(found.mtimeMs) };
      }
    },
    delete: (key) => rm(place(key), { force: true }),
  };
}

/** A folder that cannot be reached is away; it says nothing about the index in it. */
function folderError(folder: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof BudaoError) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return indexError(new Error('no space left'), folder);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return indexError(new Error('permission denied'), folder);
  return new BudaoError(
    'unavailable',
    'storage_unavailable',
    `The shared folder ${folder} cannot be used (${code}). Check that it is mounted and that its server answers.`,
    { cause: error },
  );
}

/** Making a link is the one step that fails for all but the first, on NFS too. */
async function linkOnce(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Where the answer to a first try was lost, NFS repeats the call, and it meets its own link.
    return (await stat(from)).nlink === 2;
  }
}

async function syncFile(target: string): Promise<void> {
  await using file = await open(target, 'r');
  await file.sync();
}
