/** Fills packs with objects, a pack for each layer, and puts those that are full while the next are being filled. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ObjectReference, PackLayer, RepositoryStorage } from '../ports.ts';
import { objectChanged } from './errors.ts';
import type { KnownObjects } from './known-objects.ts';
import { LARGE_OBJECT_BYTES, PACK_TARGET_BYTES, PACKS_IN_FLIGHT } from './limits.ts';
import { PackBuilder } from './pack-builder.ts';
import { packIndexOf, putPackIndex } from './pack-index.ts';

export interface PackWriterOptions {
  storage: RepositoryStorage;
  recipients: readonly string[];
  scratchFolder: string;
  known: KnownObjects;
}

export class PackWriter implements AsyncDisposable {
  /** Plain bytes of what is durable through this writer. */
  addedBytes = 0;
  readonly #options: PackWriterOptions;
  readonly #open = new Map<PackLayer, PackBuilder>();
  /** Added and not durable yet, with their sizes. */
  readonly #coming = new Map<string, number>();
  readonly #inFlight = new Set<Promise<void>>();
  #turn: Promise<unknown> = Promise.resolve();
  #failure: { error: unknown } | null = null;

  constructor(options: PackWriterOptions) {
    this.#options = options;
  }

  has(sha256: string): boolean {
    return this.bytesOf(sha256) !== null;
  }

  bytesOf(sha256: string): number | null {
    return this.#coming.get(sha256) ?? this.#options.known.find(sha256)?.bytes ?? null;
  }

  /** The content of what is there already is not looked at. */
  async add(object: ObjectReference, content: Buffer | Readable, layer: PackLayer): Promise<void> {
    if (this.has(object.sha256)) {
      if (!Buffer.isBuffer(content)) content.destroy();
      return;
    }
    this.#coming.set(object.sha256, object.bytes);
    try {
      await this.#inTurn(() => this.#take(object, content, layer));
    } catch (error) {
      this.#coming.delete(object.sha256);
      throw error;
    }
  }

  async flush(): Promise<void> {
    await this.#inTurn(async () => {
      for (const builder of this.#open.values()) await this.#send(builder);
      this.#open.clear();
      await Promise.all(this.#inFlight);
    });
    this.#throwFailure();
  }

  /** What was not flushed is forgotten. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn.catch(() => {});
    await Promise.allSettled(this.#inFlight);
    for (const builder of this.#open.values()) await builder.discard();
    this.#open.clear();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn
      .catch(() => {})
      .then(() => {
        this.#throwFailure();
        return work();
      });
    this.#turn = turn;
    return turn;
  }

  async #take(object: ObjectReference, content: Buffer | Readable, layer: PackLayer): Promise<void> {
    if (object.bytes >= LARGE_OBJECT_BYTES) return this.#takeLarge(object, content, layer);
    const bytes = Buffer.isBuffer(content) ? content : await collect(object, content);
    requireHash(object, bytes);
    const builder = this.#open.get(layer) ?? this.#createBuilder(layer);
    this.#open.set(layer, builder);
    await builder.add(object, bytes);
    if (builder.plainBytes < PACK_TARGET_BYTES) return;
    this.#open.delete(layer);
    await this.#send(builder);
  }

  /** In a pack of its own, which is thrown away when the bytes turn out to be others. */
  async #takeLarge(object: ObjectReference, content: Buffer | Readable, layer: PackLayer): Promise<void> {
    if (Buffer.isBuffer(content)) requireHash(object, content);
    const builder = this.#createBuilder(layer);
    try {
      await builder.add(object, Buffer.isBuffer(content) ? content : checked(object, content));
    } catch (error) {
      await builder.discard();
      throw error;
    }
    await this.#send(builder);
  }

  #createBuilder(layer: PackLayer): PackBuilder {
    const { recipients, scratchFolder } = this.#options;
    return new PackBuilder({ layer, recipients, scratchFolder });
  }

  /** Resolves when there is room for the next one. */
  async #send(builder: PackBuilder): Promise<void> {
    const sending: Promise<void> = this.#put(builder)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#inFlight.delete(sending));
    this.#inFlight.add(sending);
    if (this.#inFlight.size > PACKS_IN_FLIGHT) await Promise.race(this.#inFlight);
  }

  async #put(builder: PackBuilder): Promise<void> {
    const { storage, recipients, known } = this.#options;
    await using pack = await builder.seal();
    await pack.put(storage);
    const described = packIndexOf(pack);
    const index = await putPackIndex(storage, described, recipients);
    await known.add({
      name: pack.name,
      bytes: pack.bytes,
      layer: pack.layer,
      index,
      objects: described.objects,
    });
    for (const { sha256 } of pack.objects) this.#coming.delete(sha256);
    this.addedBytes += builder.plainBytes;
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}

function requireHash({ sha256, bytes }: ObjectReference, content: Buffer): void {
  if (content.length !== bytes || createHash('sha256').update(content).digest('hex') !== sha256)
    throw objectChanged(sha256);
}

async function collect(object: ObjectReference, content: Readable): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(limited(object, content)));
}

async function* checked(object: ObjectReference, content: Readable): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of limited(object, content)) {
    hash.update(piece);
    bytes += piece.length;
    yield piece;
  }
  if (bytes !== object.bytes || hash.digest('hex') !== object.sha256) throw objectChanged(object.sha256);
}

/** A stream that goes on and on is another object. */
async function* limited({ sha256, bytes }: ObjectReference, content: Readable): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const piece of content as AsyncIterable<Buffer>) {
    left -= piece.length;
    if (left < 0) throw objectChanged(sha256);
    yield piece;
  }
}
