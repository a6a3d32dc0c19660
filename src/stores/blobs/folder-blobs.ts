import { createHash, hash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { BudaoError } from '../../contract/errors.ts';
import type { BlobStore, LocalBlobs, LocalCopy } from '../../knowledge/ports.ts';
import { renameDurably, syncFolder, temporaryPathBeside } from '../files/durable-file.ts';
import { FolderClock } from '../files/folder-clock.ts';
import { makeFolderWithin, type ProvidedFolder, requireProvided } from '../files/provided-folder.ts';
import { againWhenStale, isStaleHandle } from '../files/stale-handle.ts';
import { blobCorrupt, blobMissing, ofTheDisk, tooLarge } from './blob-errors.ts';

/** Left behind by killed processes; older ones belong to nobody any more. */
const STALE_TEMPORARY_MS = 60 * 60_000;

/** Up to here a blob is held in memory, so that its damage is told in place of its first byte. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** A blob is replaced by itself rarely enough that more of it is a fault. */
const MAX_REOPENINGS = 4;
/** Holds an empty file for each blob that was found damaged, under the same name. */
const DAMAGED_FOLDER = 'damaged';

/**
 * Blobs in a folder: `ab/abcdef…`, named by SHA-256, written once and never changed. The folder may be shared by several
 * machines, by NFS version 4 for example: names in the making are random, and what is there appears whole, by a rename.
 */
export class FolderBlobs implements BlobStore, LocalBlobs {
  readonly #folder: string;
  readonly #provided: ProvidedFolder;
  readonly #clock: FolderClock;

  /** @param provided what holds the folder, and is somebody else's to make */
  constructor(folder: string, provided: ProvidedFolder = { path: dirname(folder), mark: null }) {
    this.#folder = folder;
    this.#provided = provided;
    this.#clock = new FolderClock(folder);
  }

  async put(content: Readable, options: { maxBytes: number }): Promise<{ sha256: string; bytes: number }> {
    await makeFolderWithin(this.#provided, this.#folder);
    const temporary = temporaryPathBeside(join(this.#folder, 'blob'));
    try {
      const written = await writeHashed(temporary, content, options.maxBytes);
      await makeFolderWithin(this.#provided, join(this.#folder, written.sha256.slice(0, 2)));
      // In the place of the same content too: that one may be damaged, half synced by another, or about to be deleted.
      await renameDurably(temporary, this.path(written.sha256));
      await syncFolder(this.#folder);
      await this.#mark(written.sha256, false);
      return written;
    } catch (error) {
      await rm(temporary, { force: true });
      if (isMissing(error)) await requireProvided(this.#provided);
      throw ofTheDisk(error);
    }
  }

  async open(sha256: string): Promise<Readable> {
    const file = await this.#find(this.path(sha256));
    if (file === null) throw blobMissing(sha256);
    if (file.size <= MAX_HELD_BYTES)
      return Readable.from([await this.#readWhole(sha256)], { objectMode: false });
    return Readable.from(this.#readChecked(sha256), { objectMode: false });
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.#find(this.path(sha256))) !== null;
  }

  async verify(sha256: string): Promise<'ok' | 'missing' | 'corrupt'> {
    if (!(await this.has(sha256))) return 'missing';
    try {
      for await (const _ of this.#readChecked(sha256));
      await this.#mark(sha256, false);
      return 'ok';
    } catch (error) {
      if (error instanceof BudaoError && error.code === 'blob_corrupt') return 'corrupt';
      throw error;
    }
  }

  async damaged(): Promise<ReadonlySet<string>> {
    return new Set(await readdir(join(this.#folder, DAMAGED_FOLDER)).catch(() => []));
  }

  async delete(sha256: string, options: { idleMs: number } = { idleMs: 0 }): Promise<boolean> {
    const path = this.path(sha256);
    // Taken aside first, so that a put at this very moment is either seen here or makes a file of its own.
    const aside = temporaryPathBeside(join(this.#folder, 'blob'));
    try {
      if (!(await this.#isIdle(path, options.idleMs))) return false;
      await rename(path, aside);
      if (!(await this.#isIdle(aside, options.idleMs))) {
        await rename(aside, path);
        return false;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    await rm(aside, { force: true });
    await this.#mark(sha256, false);
    return true;
  }

  async *list(options: { idleMs: number } = { idleMs: 0 }): AsyncIterable<string> {
    for (const shard of await readdir(this.#folder).catch(() => [])) {
      if (!/^[0-9a-f]{2}$/.test(shard)) continue;
      for (const name of await readdir(join(this.#folder, shard))) {
        if (!/^[0-9a-f]{64}$/.test(name)) continue;
        if (options.idleMs === 0 || (await this.#isIdle(this.path(name), options.idleMs))) yield name;
      }
    }
  }

  /** Removes what killed uploads left behind. */
  async sweep(now: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (!name.startsWith('.tmp-')) continue;
      const path = join(this.#folder, name);
      const age = now - ((await stat(path).catch(() => null))?.mtimeMs ?? now);
      if (age < STALE_TEMPORARY_MS) continue;
      await rm(path, { force: true });
      removed++;
    }
    return removed;
  }

  async #readWhole(sha256: string): Promise<Buffer> {
    const content = await againWhenStale(() => readFile(this.path(sha256)));
    if (hash('sha256', content) === sha256) return content;
    await this.#mark(sha256, true);
    throw blobCorrupt(sha256, 'on the disk');
  }

  /** The last piece is given out only after the whole has proved to be what was stored. */
  async *#readChecked(sha256: string): AsyncGenerator<Buffer> {
    const whole = createHash('sha256');
    let held: Buffer | null = null;
    for await (const chunk of readThrough(this.path(sha256))) {
      whole.update(chunk);
      if (held !== null) yield held;
      held = chunk;
    }
    if (whole.digest('hex') !== sha256) {
      await this.#mark(sha256, true);
      throw blobCorrupt(sha256, 'on the disk');
    }
    if (held !== null) yield held;
  }

  /** Only a remark for people, so that a disk that takes no more changes nothing about the outcome. */
  async #mark(sha256: string, isDamaged: boolean): Promise<void> {
    const path = join(this.#folder, DAMAGED_FOLDER, sha256);
    try {
      if (!isDamaged) return await rm(path, { force: true });
      await makeFolderWithin(this.#provided, join(this.#folder, DAMAGED_FOLDER));
      await writeFile(path, '');
    } catch {
      // The next look at the blob finds the same again.
    }
  }

  /** Null where it is not; a folder that cannot be looked into, or is gone, is no folder without it. */
  async #find(path: string): Promise<Stats | null> {
    return againWhenStale(() => stat(path)).catch(async (error: unknown) => {
      if (!isMissing(error)) throw error;
      await requireProvided(this.#provided);
      return null;
    });
  }

  async #isIdle(path: string, idleMs: number): Promise<boolean> {
    const found = await this.#find(path);
    return found !== null && (idleMs === 0 || (await this.#clock.ageOf(found.mtimeMs)) >= idleMs);
  }

  /** The blob's own file: parsers compare what they read with its hash. */
  async localCopy(sha256: string): Promise<LocalCopy> {
    return { path: this.path(sha256), [Symbol.asyncDispose]: async () => {} };
  }

  path(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError(`not a SHA-256: ${sha256}`);
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }
}

/** The bytes of a blob, going on in its new file where another machine has put the same content meanwhile. */
async function* readThrough(path: string): AsyncGenerator<Buffer> {
  let position = 0;
  for (let tries = 1; ; tries += 1) {
    try {
      for await (const chunk of createReadStream(path, { start: position }) as AsyncIterable<Buffer>) {
        position += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (!isStaleHandle(error) || tries === MAX_REOPENINGS) throw error;
    }
  }
}

async function writeHashed(
  path: string,
  content: Readable,
  maxBytes: number,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of content) {
      const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array);
      bytes += buffer.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(buffer);
      await file.writeFile(buffer);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), bytes };
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
