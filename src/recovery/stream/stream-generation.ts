/** One generation of a stream: segments after a base, each put once and in its turn. */
import { buffer } from 'node:stream/consumers';
import { BudaoError } from '../../contract/errors.ts';
import type { BlobSource, ManifestPack } from '../ports.ts';
import type { RepositoryContext } from '../repository/context.ts';
import { KnownObjects } from '../repository/known-objects.ts';
import { PackWriter } from '../repository/pack-writer.ts';
import { requireSigner } from '../repository/signing.ts';
import { bundleSegments } from './bundle-segments.ts';
import { PendingChanges } from './pending-changes.ts';
import { sealSegment } from './segment.ts';
import type { PublishedBase } from './stream-base.ts';
import { type SegmentFile, segmentKey, streamFolder } from './stream-layout.ts';

/** Small files become one: at a segment a second, every ten minutes. */
export const BUNDLE_SEGMENTS = 600;

interface Sealed {
  segment: SegmentFile;
  file: Buffer;
  identity: string;
  since: number;
}

export class StreamGeneration {
  pending = new PendingChanges();
  /** Everything acknowledged before it can be restored. */
  coveredUntil: number;
  readonly coveredSince: number;
  readonly id: string;
  segments = 0;
  bytes = 0;
  readonly #context: RepositoryContext;
  readonly #pageBytes: number;
  readonly #stored: Set<string>;
  #identity: string;
  #lastUntil: number;
  #sealed: Sealed | null = null;
  #unbundled: SegmentFile[] = [];

  constructor(context: RepositoryContext, { base, identity, stored }: PublishedBase) {
    this.#context = context;
    this.id = base.generation;
    this.#pageBytes = base.pageBytes;
    this.#identity = identity;
    this.#stored = stored;
    this.coveredSince = base.until;
    this.coveredUntil = base.since;
    this.#lastUntil = base.until;
  }

  get pendingBytes(): number {
    return this.pending.bytes(this.#pageBytes) + (this.#sealed?.file.length ?? 0);
  }

  get isUpToDate(): boolean {
    return this.pending.pages.size === 0 && this.#sealed === null;
  }

  /**
   * Stores what is pending; what could not be stored stays pending.
   *
   * @returns whether something was stored
   * @throws BudaoError of the repository; stream_broken where somebody else writes this generation
   */
  async ship(sources: { blobs: BlobSource; derived: BlobSource }): Promise<boolean> {
    if (this.#sealed === null) {
      if (this.pending.pages.size === 0) return false;
      const changes = this.pending;
      this.pending = new PendingChanges();
      try {
        this.#sealed = await this.#seal(changes, sources);
      } catch (error) {
        this.pending.addBefore(changes);
        throw error;
      }
    }
    const { segment, file, identity, since } = this.#sealed;
    await this.#put(segment.key, file);
    this.#sealed = null;
    this.#identity = identity;
    this.coveredUntil = since;
    this.#lastUntil = segment.until;
    this.segments += 1;
    this.bytes += file.length;
    this.#unbundled.push(segment);
    if (this.#unbundled.length >= BUNDLE_SEGMENTS) await this.#bundle();
    return true;
  }

  async #seal(changes: PendingChanges, sources: { blobs: BlobSource; derived: BlobSource }): Promise<Sealed> {
    const { storage, description, signer } = this.#context;
    const { packs, leftOut } = await this.#storeContents(changes, sources);
    const own = requireSigner(signer, storage.name);
    const number = this.segments + 1;
    // A clock that was set back does not turn the order of the points in time around.
    const until = Math.max(changes.until, this.#lastUntil);
    const { databasePages, since } = changes;
    const { file, identity } = await sealSegment(
      {
        installationId: own.installationId,
        generation: this.id,
        number,
        previous: this.#identity,
        since,
        until,
        databasePages,
        packs,
        leftOut,
      },
      changes.pages,
      { recipients: description.recipients, signer: own },
    );
    const folder = streamFolder({ installationId: own.installationId, generation: this.id });
    const place = { first: number, last: number, until, hasPacks: packs.length > 0 };
    return { segment: { ...place, key: segmentKey(folder, place) }, file, identity, since };
  }

  /**
   * Packs of their own, even of what others have stored meanwhile: those may be pruned, while a new file has its grace
   * until the segment names it. So no lock is needed, and nobody waits for this.
   */
  async #storeContents(
    { documents, others }: PendingChanges,
    { blobs, derived }: { blobs: BlobSource; derived: BlobSource },
  ): Promise<{ packs: ManifestPack[]; leftOut: string[] }> {
    const { storage, description, scratchFolder } = this.#context;
    const known = await KnownObjects.load(null);
    const { recipients } = description;
    await using packs = new PackWriter({ storage, recipients, scratchFolder, known });
    const leftOut: string[] = [];
    const taken: string[] = [];
    for (const { sha256 } of documents.values()) {
      if (this.#stored.has(sha256) || packs.has(sha256)) continue;
      const content = await readAll(blobs, sha256);
      if (content === null) leftOut.push(sha256);
      else await packs.add({ sha256, bytes: content.length }, content, 'documents');
      taken.push(sha256);
    }
    for (const sha256 of others) {
      if (this.#stored.has(sha256)) continue;
      const content = await readAll(derived, sha256);
      if (content !== null) await packs.add({ sha256, bytes: content.length }, content, 'ledger');
      taken.push(sha256);
    }
    await packs.flush();
    for (const sha256 of taken) if (!leftOut.includes(sha256)) this.#stored.add(sha256);
    const named = [...known.packs.values()].map(({ name, bytes, layer, index }) => ({
      name,
      bytes,
      layer,
      index,
    }));
    return { packs: named, leftOut };
  }

  async #put(key: string, file: Buffer): Promise<void> {
    const { storage } = this.#context;
    if (await storage.putIfAbsent(key, file)) return;
    // An attempt whose outcome nobody told may have been the one.
    if ((await storage.get(key))?.equals(file) === true) return;
    throw new BudaoError(
      'conflict',
      'stream_broken',
      `${key} of ${storage.name} was written by somebody else. A new generation begins with a whole copy.`,
    );
  }

  /** A convenience for the place: the segments stay as they are where it fails. */
  async #bundle(): Promise<void> {
    const segments = this.#unbundled;
    this.#unbundled = [];
    if (this.#context.mayDelete) await bundleSegments(this.#context.storage, segments).catch(() => {});
  }
}

/** @returns null for what is not there, or not whole */
async function readAll(source: BlobSource, sha256: string): Promise<Buffer | null> {
  try {
    return source.readSmall?.(sha256) ?? (await buffer(await source.open(sha256)));
  } catch (error) {
    const isUnreadable =
      error instanceof BudaoError && (error.code === 'blob_missing' || error.code === 'blob_corrupt');
    if (isUnreadable) return null;
    throw error;
  }
}
