/** A repository in a folder: a disk, a network share, a mounted stick. Files are whole and durable, or not there. */
import { copyFile, link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../../recovery/ports.ts';
import { syncFolder, temporaryPathBeside, writeDurably } from '../files/durable-file.ts';
import { makeFolderWithin, type ProvidedFolder, requireProvided } from '../files/provided-folder.ts';
import { againWhenStale } from '../files/stale-handle.ts';
import { repositoryFull, repositoryReadOnly, repositoryUnavailable } from './repository-errors.ts';

const TEMPORARY = /^\.tmp-/;
const READ_PIECE_BYTES = 1024 * 1024;
/** What a killed process was writing; nobody writes a file for so long. */
const STALE_MS = 24 * 60 * 60_000;

/** The folder itself is never made: a stick that is not mounted must not be taken for an empty repository. */
export class FolderRepository implements RepositoryStorage {
  readonly name: string;
  readonly #provided: ProvidedFolder;

  /** @param mark a file without which the folder is an empty mount point; what would be written there is refused */
  constructor(folder: string, mark: string | null) {
    this.name = folder;
    this.#provided = { path: folder, mark };
  }

  put(key: string, body: Buffer): Promise<void> {
    return this.#guard(async () => {
      await makeFolderWithin(this.#provided, path.dirname(this.#place(key)));
      await writeDurably(this.#place(key), body);
    });
  }

  putFile(key: string, from: string): Promise<void> {
    return this.#guard(async () => {
      const place = this.#place(key);
      await makeFolderWithin(this.#provided, path.dirname(place));
      const temporary = temporaryPathBeside(place);
      try {
        await copyFile(from, temporary);
        await syncFile(temporary);
        await rename(temporary, place);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await syncFolder(path.dirname(place));
    });
  }

  putIfAbsent(key: string, body: Buffer): Promise<boolean> {
    return this.#guard(async () => {
      const place = this.#place(key);
      await makeFolderWithin(this.#provided, path.dirname(place));
      const temporary = temporaryPathBeside(place);
      try {
        await writeDurably(temporary, body);
        const isFirst = await linkOnce(temporary, place);
        await syncFolder(path.dirname(place));
        return isFirst;
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  get(key: string): Promise<Buffer | null> {
    return this.#guard(() =>
      againWhenStale(() => readFile(this.#place(key))).catch(this.#nullWhereMissing(key)),
    );
  }

  async read(key: string): Promise<Readable | null> {
    const found = await this.#guard(() => stat(this.#place(key)).catch(this.#nullWhereMissing(key)));
    return found === null ? null : Readable.from(this.#pieces(key), { objectMode: false });
  }

  async *list(prefix: string) {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const found = await this.#guard(() => Array.fromAsync(this.#walk(folder)));
    yield* found
      .filter(({ key }) => key.startsWith(prefix))
      .sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  delete(key: string): Promise<void> {
    return this.#guard(async () => {
      await requireProvided(this.#provided);
      await rm(this.#place(key), { force: true });
      await syncFolder(path.dirname(this.#place(key))).catch(this.#nullWhereMissing(key));
    });
  }

  async *#pieces(key: string): AsyncGenerator<Buffer> {
    try {
      await using file = await open(this.#place(key), 'r');
      for (;;) {
        const { bytesRead, buffer } = await file.read(
          Buffer.allocUnsafe(READ_PIECE_BYTES),
          0,
          READ_PIECE_BYTES,
          null,
        );
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } catch (error) {
      throw this.#errorOf(error);
    }
  }

  async *#walk(folder: string): AsyncGenerator<{ key: string; bytes: number; modifiedAt: number }> {
    const entries = await againWhenStale(() => readdir(this.#place(folder), { withFileTypes: true })).catch(
      this.#nullWhereMissing(folder),
    );
    for (const entry of entries ?? []) {
      const key = `${folder}${entry.name}`;
      if (entry.isDirectory()) yield* this.#walk(`${key}/`);
      if (!entry.isFile()) continue;
      const found = await againWhenStale(() => stat(this.#place(key))).catch(this.#nullWhereMissing(key));
      if (found === null) continue;
      if (!TEMPORARY.test(entry.name))
        yield { key, bytes: found.size, modifiedAt: Math.round(found.mtimeMs) };
      else if (Date.now() - found.mtimeMs > STALE_MS)
        await rm(this.#place(key), { force: true }).catch(() => {});
    }
  }

  #place(key: string): string {
    return path.join(this.name, key);
  }

  /** With the folder itself gone, nothing is known of what it holds. */
  #nullWhereMissing(key: string): (error: NodeJS.ErrnoException) => Promise<null> {
    return async (error) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
      await requireProvided(key === this.#provided.mark ? { ...this.#provided, mark: null } : this.#provided);
      return null;
    };
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#errorOf(error);
    }
  }

  #errorOf(error: unknown): unknown {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (error instanceof BudaoError) {
      return error.code === 'storage_unavailable'
        ? repositoryUnavailable(this.name, 'is away', error)
        : error;
    }
    if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return repositoryFull(this.name, error);
    if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return repositoryReadOnly(this.name, error);
    return repositoryUnavailable(
      this.name,
      `cannot be used (${code === '' ? (error as Error).message : code})`,
      error,
    );
  }
}

/** Making a link fails for all but the first, on NFS too; where links are not known, exclusive creation does. */
async function linkOnce(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return (await stat(from)).nlink === 2;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    return reserveThenMove(from, to);
  }
}

/** On a stick with a file system of Windows: the empty file that one of all makes is then replaced by the whole. */
async function reserveThenMove(from: string, to: string): Promise<boolean> {
  try {
    await (await open(to, 'wx', 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
  await rename(from, to);
  return true;
}

async function syncFile(target: string): Promise<void> {
  await using file = await open(target, 'r');
  await file.sync();
}
