/** One pack in the making: objects go in as a tar, which leaves as zstd and age, named by the hash of what is stored. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectReference, PackLayer, RepositoryStorage } from '../ports.ts';
import { encrypt } from './age.ts';
import { packKey } from './layout.ts';
import { MAX_HELD_BYTES, TRAVELS_ALONE_BYTES } from './limits.ts';
import { TAR_END, tarHeader, tarPadding } from './tar.ts';
import { createCompressor } from './zstd.ts';

export interface PackBuilderOptions {
  layer: PackLayer;
  recipients: readonly string[];
  /** On this machine, for packs that are too large to be held in memory. */
  scratchFolder: string;
}

export interface SealedPack extends AsyncDisposable {
  name: string;
  bytes: number;
  layer: PackLayer;
  objects: readonly ObjectReference[];
  put(storage: RepositoryStorage): Promise<void>;
}

export class PackBuilder {
  readonly layer: PackLayer;
  readonly objects: ObjectReference[] = [];
  plainBytes = 0;
  readonly #compressor = createCompressor();
  readonly #stored: StoredBytes;
  readonly #finished: Promise<void>;
  #staged: Buffer[] = [];
  #stagedBytes = 0;

  constructor({ layer, recipients, scratchFolder }: PackBuilderOptions) {
    this.layer = layer;
    this.#stored = new StoredBytes(join(scratchFolder, `pack-${randomUUID()}`));
    this.#finished = this.#store(recipients);
    // Whoever writes next, or seals, meets it.
    this.#finished.catch(() => {});
  }

  /** The caller has compared the content with its hash, or discards the pack when it does not fit. */
  async add(object: ObjectReference, content: Buffer | AsyncIterable<Buffer>): Promise<void> {
    this.objects.push(object);
    this.plainBytes += object.bytes;
    await this.#write(tarHeader(object.sha256, object.bytes));
    if (Buffer.isBuffer(content)) await this.#write(content);
    else for await (const piece of content) await this.#write(piece);
    await this.#write(tarPadding(object.bytes));
  }

  async seal(): Promise<SealedPack> {
    await this.#write(TAR_END);
    await this.#flush();
    this.#compressor.end();
    await this.#finished;
    const stored = this.#stored;
    const name = stored.digest();
    return {
      name,
      bytes: stored.bytes,
      layer: this.layer,
      objects: this.objects,
      put: (storage) => stored.put(storage, packKey(name)),
      [Symbol.asyncDispose]: () => stored[Symbol.asyncDispose](),
    };
  }

  async discard(): Promise<void> {
    this.#compressor.destroy();
    await this.#finished.catch(() => {});
    await this.#stored[Symbol.asyncDispose]();
  }

  async #store(recipients: readonly string[]): Promise<void> {
    try {
      for await (const piece of encrypt(this.#compressor as AsyncIterable<Buffer>, recipients)) {
        await this.#stored.add(piece);
      }
    } finally {
      this.#compressor.destroy();
    }
  }

  /** Small pieces travel together, large ones without being copied. */
  async #write(piece: Buffer): Promise<void> {
    if (piece.length === 0) return;
    if (piece.length >= TRAVELS_ALONE_BYTES) {
      await this.#flush();
      await this.#compress(piece);
      return;
    }
    this.#staged.push(piece);
    this.#stagedBytes += piece.length;
    if (this.#stagedBytes >= TRAVELS_ALONE_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    const staged = this.#staged;
    this.#staged = [];
    this.#stagedBytes = 0;
    if (staged.length > 0) await this.#compress(Buffer.concat(staged));
  }

  async #compress(piece: Buffer): Promise<void> {
    if (this.#compressor.write(piece)) return;
    await Promise.race([once(this.#compressor, 'drain'), this.#finished]);
  }
}

/** In memory as long as it fits, then in a file. */
class StoredBytes implements AsyncDisposable {
  readonly #path: string;
  readonly #hash = createHash('sha256');
  #pieces: Buffer[] = [];
  #file: FileHandle | null = null;
  bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async add(piece: Buffer): Promise<void> {
    this.#hash.update(piece);
    this.bytes += piece.length;
    this.#pieces.push(piece);
    if (this.bytes <= MAX_HELD_BYTES) return;
    this.#file ??= await open(this.#path, 'wx', 0o600);
    await this.#file.writev(this.#pieces);
    this.#pieces = [];
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  async put(storage: RepositoryStorage, key: string): Promise<void> {
    if (this.#file === null) return storage.put(key, Buffer.concat(this.#pieces));
    await storage.putFile(key, this.#path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pieces = [];
    if (this.#file === null) return;
    await this.#file.close();
    await rm(this.#path, { force: true });
  }
}
