/** Immutable index files on this machine, named by their SHA-256 and shared by its processes through hard links. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { indexCorrupt } from './lancedb-errors.ts';
import type { ObjectStore } from './object-store.ts';
import { filesPrefix, type PublishedFile } from './published-version.ts';

/** A file that no process has linked for so long is fetched again when it is needed again. */
const UNUSED_MS = 60 * 60_000;
/** Bytes that were changed on their way come right the second time. */
const MAX_DOWNLOADS = 2;

export class IndexFileCache {
  readonly #folder: string;
  readonly #objects: ObjectStore;
  /** Compared with their hash by this process: a disk flips bytes, and LanceDB gives them out as if right. */
  readonly #verified = new Set<string>();
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(folder: string, objects: ObjectStore) {
    this.#folder = folder;
    this.#objects = objects;
  }

  /** Puts a file where it is wanted, fetched if this machine does not have it. @throws BudaoError index_corrupt */
  async place(table: string, file: PublishedFile, target: string): Promise<void> {
    await mkdir(path.dirname(target), { recursive: true });
    for (;;) {
      await this.#ensure(table, file);
      try {
        return await link(this.#path(file.sha256), target);
      } catch (error) {
        // Another process has just tidied up.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        this.#verified.delete(file.sha256);
      }
    }
  }

  /** Takes over a file that was made here; its hash has just been taken. */
  async adopt(source: string, sha256: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await link(source, this.#path(sha256)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }

  /** Nothing is trusted any more: each file is compared with its hash before it is used again. */
  distrust(): void {
    this.#verified.clear();
  }

  /** Removes what no process uses. */
  async evict(): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const file = path.join(this.#folder, name);
      const stats = await stat(file).catch(() => null);
      if (stats === null || stats.nlink > 1 || Date.now() - stats.mtimeMs < UNUSED_MS) continue;
      this.#verified.delete(name);
      await rm(file, { force: true });
    }
  }

  #ensure(table: string, file: PublishedFile): Promise<void> {
    let fetching = this.#fetching.get(file.sha256);
    fetching ??= this.#ensureAlone(table, file).finally(() => this.#fetching.delete(file.sha256));
    this.#fetching.set(file.sha256, fetching);
    return fetching;
  }

  async #ensureAlone(table: string, file: PublishedFile): Promise<void> {
    const target = this.#path(file.sha256);
    const stats = await stat(target).catch(() => null);
    if (stats?.size === file.bytes) {
      // Used now, whatever comes of it: nobody tidies it up.
      await utimes(target, new Date(), new Date()).catch(() => {});
      if (this.#verified.has(file.sha256)) return;
      if ((await hashFile(target).catch(() => null)) === file.sha256) {
        this.#verified.add(file.sha256);
        return;
      }
    }
    await this.#download(table, file);
  }

  async #download(table: string, file: PublishedFile): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const temporary = path.join(this.#folder, `.tmp-${process.pid}-${randomUUID()}`);
    try {
      for (let downloads = 1; ; downloads += 1) {
        const content = await this.#objects.read(`${filesPrefix(table)}${file.sha256}`);
        if (content === null) throw indexCorrupt(table, new Error(`the file ${file.path} is missing`));
        await pipeline(content, createWriteStream(temporary, { mode: 0o600 }));
        if ((await hashFile(temporary)) === file.sha256) break;
        if (downloads === MAX_DOWNLOADS) throw indexCorrupt(table, new Error(`${file.path} is damaged`));
      }
      await rename(temporary, this.#path(file.sha256));
      this.#verified.add(file.sha256);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #path(sha256: string): string {
    return path.join(this.#folder, sha256);
  }
}

export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest('hex');
}
