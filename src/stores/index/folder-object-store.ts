import { createReadStream } from 'node:fs';
import { copyFile, link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeFolderDurably, syncFolder, temporaryPathBeside, writeDurably } from '../files/durable-file.ts';
import { againWhenStale } from '../files/stale-handle.ts';
import type { ObjectStore } from './object-store.ts';

/** The index in a folder that several machines share. */
export function createFolderObjectStore(folder: string): ObjectStore {
  const place = (key: string) => path.join(folder, key);
  return {
    async put(key, body) {
      await makeFolderDurably(path.dirname(place(key)));
      await writeDurably(place(key), body);
    },
    async putFile(key, from) {
      await makeFolderDurably(path.dirname(place(key)));
      const temporary = temporaryPathBeside(place(key));
      await copyFile(from, temporary);
      await syncFile(temporary);
      await rename(temporary, place(key));
      await syncFolder(path.dirname(place(key)));
    },
    async putIfAbsent(key, body) {
      await makeFolderDurably(path.dirname(place(key)));
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
        if (found !== null) yield { key: `${prefix}${name}`, ageMs: Date.now() - found.mtimeMs };
      }
    },
    delete: (key) => rm(place(key), { force: true }),
  };
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

function nullWhereMissing(error: NodeJS.ErrnoException): null {
  if (error.code !== 'ENOENT') throw error;
  return null;
}
