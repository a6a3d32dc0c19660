/** Blobs in a bucket: `blobs/<sha256>`, written whole and never changed, read with a look at their hash. */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import type { BlobStore, LocalBlobs, LocalCopy } from '../../knowledge/ports.ts';
import { blobCorrupt, blobMissing, tooLarge } from './blob-errors.ts';
import type { S3Client } from './s3-client.ts';
import { storageUnavailable } from './s3-errors.ts';
import { abortUpload, PART_BYTES, uploadParts } from './s3-multipart.ts';
import { type S3Object, S3Objects } from './s3-objects.ts';

/** Up to here a blob is held in memory, so that its damage is told in place of its first byte. */
const MAX_HELD_BYTES = PART_BYTES;
/** What a store copies in one request. */
const MAX_BLOB_BYTES = 5 * 1024 ** 3;
const STALE_MS = 60 * 60_000;

/** A deletion is refused by the store itself when it arrives later than this after the last look. */
const DELETE_WITHIN_S = 10;
/** Whoever put the same content meanwhile waits for it no longer than this; clocks of a store's nodes differ. */
const DOOM_MS = 30_000;
const DOOM_PAUSE_MS = 200;
const MAX_PUTS = 5;

export interface S3BlobsOptions {
  client: S3Client;
  /** A folder of this machine for parsers that read a blob as a file. */
  scratchFolder: string;
  /** Between the bucket's prefix and the names of this store, such as `derived/`. */
  prefix?: string;
}

export class S3Blobs implements BlobStore, LocalBlobs {
  readonly #objects: S3Objects;
  readonly #scratchFolder: string;
  readonly #prefix: string;

  constructor({ client, scratchFolder, prefix = '' }: S3BlobsOptions) {
    this.#objects = new S3Objects(client);
    this.#scratchFolder = scratchFolder;
    this.#prefix = prefix;
  }

  async put(content: Readable, options: { maxBytes: number }): Promise<{ sha256: string; bytes: number }> {
    const hash = createHash('sha256');
    const maxBytes = Math.min(options.maxBytes, MAX_BLOB_BYTES);
    const parts = partsOf(hashed(content, hash, maxBytes));
    const first = await parts.next();
    const body = first.value ?? Buffer.alloc(0);
    if (body.length < PART_BYTES) {
      const sha256 = hash.digest('hex');
      await this.#settle(sha256, () => this.#objects.put(this.#blob(sha256), body));
      return { sha256, bytes: body.length };
    }
    return this.#putLarge(body, parts, hash);
  }

  async open(sha256: string): Promise<Readable> {
    const pieces = await this.#objects.read(this.#blob(sha256));
    if (pieces === null) throw blobMissing(sha256);
    const checked = this.#checked(sha256, pieces);
    if (pieces.bytes > MAX_HELD_BYTES) return Readable.from(checked, { objectMode: false });
    return Readable.from([Buffer.concat(await Array.fromAsync(checked))], { objectMode: false });
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.#objects.head(this.#blob(sha256))) !== null;
  }

  async verify(sha256: string): Promise<'ok' | 'missing' | 'corrupt'> {
    const isWhole = await this.#readsWhole(sha256);
    if (isWhole === null) return 'missing';
    await this.#mark(sha256, !isWhole);
    return isWhole ? 'ok' : 'corrupt';
  }

  async damaged(): Promise<ReadonlySet<string>> {
    const marks = await Array.fromAsync(this.#objects.list(`${this.#prefix}damaged/`));
    return new Set(marks.map(({ key }) => lastName(key)));
  }

  async delete(sha256: string, options: { idleMs: number } = { idleMs: 0 }): Promise<boolean> {
    const isIdle = (blob: S3Object | null) => blob !== null && blob.ageMs >= options.idleMs;
    if (!isIdle(await this.#objects.head(this.#blob(sha256)))) return false;
    // Said before the second look: whoever puts the same content after that look sees it, and puts it again.
    const doom = `${this.#dooms(sha256)}${randomUUID()}`;
    await this.#objects.put(doom, Buffer.alloc(0));
    try {
      const found = await this.#objects.head(this.#blob(sha256));
      if (found === null || !isIdle(found)) return false;
      const fromMs = found.modifiedMs + found.ageMs;
      await this.#objects.delete(this.#blob(sha256), { fromMs, seconds: DELETE_WITHIN_S });
    } finally {
      await this.#objects.delete(doom);
    }
    await this.#mark(sha256, false);
    return true;
  }

  async *list(options: { idleMs: number } = { idleMs: 0 }): AsyncIterable<string> {
    for await (const { key, ageMs } of this.#objects.list(`${this.#prefix}blobs/`)) {
      const name = lastName(key);
      if (/^[0-9a-f]{64}$/.test(name) && (options.idleMs === 0 || ageMs >= options.idleMs)) yield name;
    }
  }

  /** Removes what killed uploads and deletions left behind; its age is the store's to tell. */
  async sweep(_now: number): Promise<number> {
    let removed = 0;
    for (const { key, uploadId, ageMs } of await this.#objects.listUploads(`${this.#prefix}incoming/`)) {
      if (ageMs < STALE_MS) continue;
      await abortUpload(this.#objects.client, key, uploadId);
      removed += 1;
    }
    for (const folder of ['incoming/', 'doomed/']) {
      for await (const { key, ageMs } of this.#objects.list(`${this.#prefix}${folder}`)) {
        if (ageMs < STALE_MS) continue;
        await this.#objects.delete(key);
        removed += 1;
      }
    }
    return removed;
  }

  /** A file of this machine with the blob's bytes, compared with their hash; it goes when it is let go. */
  async localCopy(sha256: string): Promise<LocalCopy> {
    await mkdir(this.#scratchFolder, { recursive: true, mode: 0o700 });
    const path = join(this.#scratchFolder, `${sha256}-${randomUUID()}`);
    const remove = () => rm(path, { force: true });
    try {
      await pipeline(await this.open(sha256), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
      await remove();
      throw error;
    }
    return { path, [Symbol.asyncDispose]: remove };
  }

  /** Under a name of its own until the hash is known, then copied within the store. */
  async #putLarge(
    first: Buffer,
    rest: AsyncIterable<Buffer>,
    hash: ReturnType<typeof createHash>,
  ): Promise<{ sha256: string; bytes: number }> {
    const incoming = `${this.#prefix}incoming/${randomUUID()}`;
    let bytes = 0;
    const counted = async function* () {
      for await (const part of joined(first, rest)) {
        bytes += part.length;
        yield part;
      }
    };
    await uploadParts(this.#objects.client, incoming, counted());
    try {
      const sha256 = hash.digest('hex');
      await this.#settle(sha256, () => this.#objects.copy(incoming, this.#blob(sha256), bytes));
      return { sha256, bytes };
    } finally {
      await this.#objects.delete(incoming).catch(() => {});
    }
  }

  /** Stores until nobody who deletes the same content can take it away again. */
  async #settle(sha256: string, store: () => Promise<void>): Promise<void> {
    for (let puts = 1; puts <= MAX_PUTS; puts += 1) {
      await store();
      const wasDoomed = await this.#waitForDeletions(sha256);
      if (!wasDoomed && (await this.has(sha256))) {
        await this.#mark(sha256, false);
        return;
      }
    }
    throw storageUnavailable(this.#objects.client.options, 'has lost what it had just taken');
  }

  /** @returns whether there was one under way */
  async #waitForDeletions(sha256: string): Promise<boolean> {
    for (let wasDoomed = false; ; wasDoomed = true) {
      const dooms = await Array.fromAsync(this.#objects.list(this.#dooms(sha256)));
      if (dooms.every(({ ageMs }) => ageMs > DOOM_MS)) return wasDoomed;
      await sleep(DOOM_PAUSE_MS);
    }
  }

  /** The last piece is given out only after the whole has proved to be what was stored. */
  async *#checked(sha256: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    let held: Buffer | null = null;
    for await (const piece of pieces) {
      hash.update(piece);
      if (held !== null) yield held;
      held = piece;
    }
    if (hash.digest('hex') !== sha256) throw await this.#damageError(sha256);
    if (held !== null) yield held;
  }

  /** Bytes that were changed on the way come right when they are read again; those of a damaged blob do not. */
  async #damageError(sha256: string): Promise<BudaoError> {
    if ((await this.verify(sha256)) === 'corrupt') return blobCorrupt(sha256, 'in the object storage');
    return storageUnavailable(this.#objects.client.options, 'has sent bytes that were changed on their way');
  }

  async #readsWhole(sha256: string): Promise<boolean | null> {
    const pieces = await this.#objects.read(this.#blob(sha256));
    if (pieces === null) return null;
    const hash = createHash('sha256');
    for await (const piece of pieces) hash.update(piece);
    return hash.digest('hex') === sha256;
  }

  /** Only a remark for people, so that a store that takes no more changes nothing about the outcome. */
  async #mark(sha256: string, isDamaged: boolean): Promise<void> {
    const key = `${this.#prefix}damaged/${sha256}`;
    await (isDamaged ? this.#objects.put(key, Buffer.alloc(0)) : this.#objects.delete(key)).catch(() => {});
  }

  #blob(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError(`not a SHA-256: ${sha256}`);
    return `${this.#prefix}blobs/${sha256}`;
  }

  #dooms(sha256: string): string {
    return `${this.#prefix}doomed/${sha256}/`;
  }
}

async function* hashed(
  content: Readable,
  hash: ReturnType<typeof createHash>,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of content) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array);
    bytes += buffer.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    hash.update(buffer);
    yield buffer;
  }
}

/** Pieces of exactly one part's length, and a last one of at most that. */
async function* partsOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    bytes += piece.length;
    while (bytes >= PART_BYTES) {
      const whole = Buffer.concat(held);
      yield whole.subarray(0, PART_BYTES);
      held = [whole.subarray(PART_BYTES)];
      bytes = whole.length - PART_BYTES;
    }
  }
  if (bytes > 0) yield Buffer.concat(held);
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

function lastName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
