/** A published version as a folder of this machine that LanceDB reads; its files are links into the cache. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from '../files/durable-file.ts';
import { hashFile, IndexFileCache } from './index-file-cache.ts';
import { LanceDbTable, type OpenVersion } from './lancedb-table.ts';
import type { ObjectStore } from './object-store.ts';
import { type PublishedFile, type PublishedVersion, parseVersion } from './published-version.ts';

const PLACES_AT_ONCE = 8;
/** A process touches its folder more often than this; those of killed processes go. */
const ABANDONED_MS = 60 * 60_000;
const TOUCH_MS = 10 * 60_000;
/** Written by LanceDB for itself, in place of its old self. */
const HINT = 'latest_version_hint.json';

/** What the tables of one index share on this machine. */
export interface PublishedPlace extends AsyncDisposable {
  readonly objects: ObjectStore;
  readonly cache: IndexFileCache;
  /** Of this process alone. */
  readonly workFolder: string;
  readonly serveStaleMs: number;
  onStale(table: string, staleMs: number): void;
  /** Keeps the newest version for a start without the store. */
  remember(table: string, version: PublishedVersion): Promise<void>;
  recall(table: string): Promise<{ version: PublishedVersion; confirmedAt: number } | null>;
}

export async function openPublishedPlace(options: {
  objects: ObjectStore;
  cacheFolder: string;
  serveStaleMs: number;
  onStale: (table: string, staleMs: number) => void;
}): Promise<PublishedPlace> {
  const { objects, cacheFolder, serveStaleMs, onStale } = options;
  const openFolder = path.join(cacheFolder, 'open');
  const workFolder = path.join(openFolder, `${process.pid}-${randomUUID()}`);
  const newestFolder = path.join(cacheFolder, 'newest');
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  await mkdir(newestFolder, { recursive: true, mode: 0o700 });
  await removeAbandoned(openFolder);
  const touching = setInterval(() => {
    utimes(workFolder, new Date(), new Date()).catch(() => {});
  }, TOUCH_MS);
  touching.unref();
  return {
    objects,
    cache: new IndexFileCache(path.join(cacheFolder, 'files'), objects),
    workFolder,
    serveStaleMs,
    onStale,
    async remember(table, version) {
      // A full disk costs the next start without the store, and nothing now.
      await writeDurably(path.join(newestFolder, `${table}.json`), JSON.stringify(version)).catch(() => {});
    },
    async recall(table) {
      const file = path.join(newestFolder, `${table}.json`);
      const text = await readFile(file, 'utf8').catch(() => null);
      if (text === null) return null;
      return { version: parseVersion(table, text), confirmedAt: (await stat(file)).mtimeMs };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(touching);
      await rm(workFolder, { recursive: true, force: true });
    },
  };
}

export class TableCopy {
  readonly table: LanceDbTable;
  readonly folder: string;
  version: PublishedVersion;
  /** Searches under way. */
  readers = 0;
  readonly #directory: string;

  private constructor(directory: string, name: string, dimension: number | null, version: PublishedVersion) {
    this.#directory = directory;
    this.folder = path.join(directory, `${name}.lance`);
    this.version = version;
    this.table = new LanceDbTable(directory, name, dimension, { isDurable: false });
  }

  /** @throws BudaoError index_corrupt where a file of the version is missing or damaged */
  static async create(
    place: PublishedPlace,
    name: string,
    dimension: number | null,
    version: PublishedVersion,
  ): Promise<TableCopy> {
    const directory = path.join(place.workFolder, `${name}@${version.sequence}-${randomUUID()}`);
    const copy = new TableCopy(directory, name, dimension, version);
    await mkdir(directory, { recursive: true });
    try {
      for (let start = 0; start < version.files.length; start += PLACES_AT_ONCE) {
        const files = version.files.slice(start, start + PLACES_AT_ONCE);
        await Promise.all(
          files.map((file) => place.cache.place(name, file, path.join(copy.folder, file.path))),
        );
      }
      return copy;
    } catch (error) {
      await copy.remove();
      throw error;
    }
  }

  /** The version that was published, which the reader's view goes by. */
  async open(): Promise<OpenVersion> {
    const open = await this.table.newest();
    if (open === null) throw new TypeError('the folder of a published version holds no table');
    return { key: this.version.token, table: open.table };
  }

  /** Everything in the folder; what is known keeps its hash, since LanceDB writes each file once. */
  async listFiles(known: ReadonlyMap<string, PublishedFile>): Promise<PublishedFile[]> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const files: PublishedFile[] = [];
    for (const entry of entries) {
      if (!entry.isFile() || entry.name === HINT || entry.name.includes('.tmp')) continue;
      const file = path.join(entry.parentPath, entry.name);
      const name = path.relative(this.folder, file).split(path.sep).join('/');
      const { size: bytes } = await stat(file);
      const before = known.get(name);
      files.push(before?.bytes === bytes ? before : { path: name, sha256: await hashFile(file), bytes });
    }
    return files;
  }

  async remove(): Promise<void> {
    await this.table.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function removeAbandoned(openFolder: string): Promise<void> {
  for (const name of await readdir(openFolder)) {
    const folder = path.join(openFolder, name);
    const stats = await stat(folder).catch(() => null);
    if (stats !== null && Date.now() - stats.mtimeMs > ABANDONED_MS) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
