/** One snapshot in the making: objects into packs, then one signed manifest, which claims only what is durable. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { BudaoError } from '../../contract/errors.ts';
import type {
  ManifestPack,
  ObjectReference,
  PackLayer,
  SnapshotContents,
  SnapshotDescription,
  SnapshotManifest,
  SnapshotWriter,
} from '../ports.ts';
import type { RepositoryContext } from './context.ts';
import { objectMissing } from './errors.ts';
import { KnownObjects } from './known-objects.ts';
import { snapshotKey } from './layout.ts';
import { learnPacks } from './learn-packs.ts';
import { type RepositoryLock, takeLock } from './locks.ts';
import { manifestText } from './manifests.ts';
import { PackWriter } from './pack-writer.ts';
import { rememberSnapshot } from './published.ts';
import type { Signer } from './signing.ts';
import { objectsOf } from './snapshot-contents.ts';
import { listPacks, type StoredPacks } from './stored-packs.ts';

export async function openSnapshotWriter(
  context: RepositoryContext,
  signer: Signer,
): Promise<LockedSnapshotWriter> {
  const { storage, description, stateFolder, scratchFolder, mayDelete, lockTiming: timing } = context;
  const lock = await takeLock(storage, 'write', { mayDelete, timing });
  try {
    const stored = await listPacks(storage);
    const known = await KnownObjects.load(stateFolder);
    await known.keepOnly((pack) => stored.has(pack));
    await learnPacks(context, stored, known);
    const packs = new PackWriter({ storage, recipients: description.recipients, scratchFolder, known });
    return new LockedSnapshotWriter(context, { signer, lock, known, packs });
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** Also puts other files than manifests, which name what they need as those do. */
export class LockedSnapshotWriter implements SnapshotWriter {
  readonly #context: RepositoryContext;
  readonly #signer: Signer;
  readonly #lock: RepositoryLock;
  readonly #known: KnownObjects;
  readonly #packs: PackWriter;

  constructor(
    context: RepositoryContext,
    parts: { signer: Signer; lock: RepositoryLock; known: KnownObjects; packs: PackWriter },
  ) {
    this.#context = context;
    this.#signer = parts.signer;
    this.#lock = parts.lock;
    this.#known = parts.known;
    this.#packs = parts.packs;
  }

  has(sha256: string): boolean {
    return this.#packs.has(sha256);
  }

  bytesOf(sha256: string): number | null {
    return this.#packs.bytesOf(sha256);
  }

  add(object: ObjectReference, content: Buffer | Readable, layer: PackLayer = 'ledger'): Promise<void> {
    return this.#packs.add(object, content, layer);
  }

  flush(): Promise<void> {
    return this.#packs.flush();
  }

  async publish(contents: SnapshotContents, description: SnapshotDescription): Promise<SnapshotManifest> {
    const signer = this.#signer;
    const published: SnapshotManifest[] = [];
    const key = await this.publishAs(contents, (parts) => {
      const manifest: SnapshotManifest = { format: 1, ...description, ...parts };
      published.push(manifest);
      return { key: snapshotKey(manifest), body: manifestText(manifest, signer) };
    });
    await rememberSnapshot(this.#context.stateFolder, key);
    return published[0] as SnapshotManifest;
  }

  /** @returns the key of the file that `describe` has made and that was put last */
  async publishAs(
    contents: SnapshotContents,
    describe: (parts: Pick<SnapshotManifest, 'contents' | 'packs' | 'plainBytes' | 'addedBytes'>) => {
      key: string;
      body: Buffer;
    },
  ): Promise<string> {
    const { storage } = this.#context;
    const listed = await this.#addContents(contents);
    const needed = [...objectsOf(contents), listed];
    const packs = this.#packsOf(needed);
    await this.#requireStored(packs);
    const distinct = new Map(needed.map(({ sha256, bytes }) => [sha256, bytes]));
    const plainBytes = [...distinct.values()].reduce((sum, bytes) => sum + bytes, 0);
    const { addedBytes } = this.#packs;
    const { key, body } = describe({ contents: listed, packs, plainBytes, addedBytes });
    await this.#lock.requireHeld();
    if (!(await storage.putIfAbsent(key, body))) throw snapshotExists(key);
    await this.#confirm(key, packs);
    return key;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#packs[Symbol.asyncDispose]();
    await this.#lock[Symbol.asyncDispose]();
  }

  async #addContents(contents: SnapshotContents): Promise<ObjectReference> {
    const text = Buffer.from(JSON.stringify(contents));
    const object = { sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length };
    await this.#packs.add(object, text, 'ledger');
    await this.#packs.flush();
    return object;
  }

  #packsOf(needed: readonly ObjectReference[]): ManifestPack[] {
    const packs = new Map<string, ManifestPack>();
    for (const { sha256 } of needed) {
      const place = this.#known.find(sha256);
      if (place === null) throw objectMissing(sha256, `what was written to ${this.#context.storage.name}`);
      const { name, bytes, layer, index } = place.pack;
      if (!packs.has(name)) packs.set(name, { name, bytes, layer, index });
    }
    return [...packs.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** What this machine knows may be older than what the repository has. */
  async #requireStored(packs: readonly ManifestPack[]): Promise<void> {
    const stored: StoredPacks = await listPacks(this.#context.storage);
    const missing = packs.filter((pack) => !stored.has(pack));
    if (missing.length === 0) return;
    await this.#known.keepOnly((pack) => stored.has(pack));
    throw new BudaoError(
      'unavailable',
      'snapshot_incomplete',
      `${missing.length} packs were removed from ${this.#context.storage.name} while the snapshot was written, so none was published. Start again: what is missing is stored anew.`,
    );
  }

  /** Whoever evicted this writer, or was frozen while it pruned, may have missed the manifest. */
  async #confirm(key: string, packs: readonly ManifestPack[]): Promise<void> {
    try {
      await this.#lock.requireHeld();
      await this.#requireStored(packs);
    } catch (error) {
      if (this.#context.mayDelete) await this.#context.storage.delete(key);
      throw error;
    }
  }
}

function snapshotExists(key: string): BudaoError {
  return new BudaoError(
    'conflict',
    'snapshot_exists',
    `${key} is there already. Each snapshot has an id of its own; start again.`,
  );
}
