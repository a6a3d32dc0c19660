/** A place that keeps snapshots: made once, opened by whoever writes, reads, verifies or prunes. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { BudaoError } from '../../contract/errors.ts';
import type {
  ObjectReader,
  RepositoryStorage,
  SnapshotContents,
  SnapshotManifest,
  SnapshotRepository,
} from '../ports.ts';
import { checkRecipients } from './age.ts';
import { appendOnly } from './append-only.ts';
import type { RepositoryContext } from './context.ts';
import {
  completeDescription,
  pinSigner,
  putDescription,
  type RepositoryDescription,
  readDescription,
} from './description.ts';
import { objectCorrupt } from './errors.ts';
import { LOCK_TIMING, type LockTiming, takeLock } from './locks.ts';
import { readManifests } from './manifests.ts';
import { neededPacks } from './needed-packs.ts';
import { PackedObjects } from './object-reader.ts';
import { checkPin } from './pin.ts';
import { type PruneResult, planPrune, prune } from './prune.ts';
import type { PruneOptions, PrunePlan } from './prune-plan.ts';
import { requireSigner, type Signer } from './signing.ts';
import { parseContents } from './snapshot-contents.ts';
import { type LockedSnapshotWriter, openSnapshotWriter } from './snapshot-writer.ts';
import { type VerifyOptions, type VerifyReport, verifyRepository } from './verify.ts';

export interface RepositoryOptions {
  storage: RepositoryStorage;
  /** Who signs; null for whoever only reads. */
  signer: Signer | null;
  /** Recovery keys, for whoever reads. */
  identities?: readonly string[];
  /** A folder of this repository alone on this machine; null where nothing is to be remembered. */
  stateFolder: string | null;
  /** For packs that are too large to be held in memory. */
  scratchFolder: string;
  /** Of an append-only repository: this key may remove, since its owner prunes. */
  hasOwnerRights?: boolean;
  lockTiming?: LockTiming;
}

/**
 * @param recipients who can read it: `age1…`, the recovery key first of all
 * @throws BudaoError repository_exists, recovery_key_invalid
 */
export async function createRepository(
  storage: RepositoryStorage,
  {
    signer,
    recipients,
    appendOnly: isAppendOnly,
  }: { signer: Signer; recipients: readonly string[]; appendOnly: boolean },
): Promise<void> {
  checkRecipients(recipients);
  await putDescription(storage, signer, {
    id: randomBytes(16).toString('hex'),
    createdAt: Date.now(),
    recipients: [...recipients],
    appendOnly: isAppendOnly,
  });
  await pinSigner(storage, signer);
}

/** @throws BudaoError repository_missing, repository_newer, repository_damaged, repository_changed */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const { storage, signer, identities = [], stateFolder, scratchFolder, lockTiming = LOCK_TIMING } = options;
  const { description, text } = await readDescription(storage);
  await checkPin(stateFolder, text, storage.name);
  await mkdir(scratchFolder, { recursive: true, mode: 0o700 });
  const mayDelete = !description.appendOnly || options.hasOwnerRights === true;
  const kept = mayDelete ? storage : appendOnly(storage);
  return new Repository({
    storage: kept,
    description,
    signer,
    identities,
    stateFolder,
    scratchFolder,
    mayDelete,
    lockTiming,
  });
}

const UNWRITABLE: ReadonlySet<string> = new Set([
  'repository_read_only',
  'repository_full',
  'repository_append_only',
]);

export class Repository implements SnapshotRepository {
  readonly context: RepositoryContext;

  constructor(context: RepositoryContext) {
    this.context = context;
  }

  get name(): string {
    return this.context.storage.name;
  }

  get description(): RepositoryDescription {
    return this.context.description;
  }

  /** @throws BudaoError signing_key_missing, signing_key_other, repository_locked */
  async write(): Promise<LockedSnapshotWriter> {
    const signer = requireSigner(this.context.signer, this.name);
    await completeDescription(this.context.storage, this.description);
    await pinSigner(this.context.storage, signer);
    return openSnapshotWriter(this.context, signer);
  }

  async list(): Promise<{ manifests: SnapshotManifest[]; unreadable: { key: string; reason: string }[] }> {
    const { manifests, unreadable } = await readManifests(this.context.storage);
    return {
      manifests: manifests.map(({ manifest }) => manifest),
      unreadable: unreadable.map(({ key, error }) => ({ key, reason: error.message })),
    };
  }

  async read(manifest: SnapshotManifest): Promise<{ contents: SnapshotContents; objects: ObjectReader }> {
    const objects = new PackedObjects(this.context, manifest.packs);
    const text = (await objects.read(manifest.contents.sha256)).toString('utf8');
    try {
      return { contents: parseContents(text), objects };
    } catch (error) {
      throw objectCorrupt(`The list of contents of snapshot ${manifest.id}`, this.name, error);
    }
  }

  /**
   * Keeps prunings away while somebody reads.
   *
   * @returns null where this process may not write, and reads without
   * @throws BudaoError repository_locked
   */
  async hold(): Promise<AsyncDisposable | null> {
    const { storage, mayDelete, lockTiming } = this.context;
    // Whoever restores does not wait for as long as whoever takes a snapshot at night.
    const timing = { ...lockTiming, patienceMs: 2 * lockTiming.watchMs };
    try {
      return await takeLock(storage, 'read', { mayDelete, timing });
    } catch (error) {
      if (error instanceof BudaoError && UNWRITABLE.has(error.code)) return null;
      throw error;
    }
  }

  /** The objects of one snapshot, without asking for its list of contents. */
  objectsOf({ packs }: SnapshotManifest): PackedObjects {
    return new PackedObjects(this.context, packs);
  }

  /** Whatever any snapshot here needs, also one that is retired. */
  async everything(): Promise<PackedObjects> {
    const { manifests } = await readManifests(this.context.storage, { withRetired: true });
    return new PackedObjects(this.context, [...neededPacks(manifests).values()]);
  }

  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return verifyRepository(this.context, options);
  }

  /** What `prune` would do; nothing is touched. */
  planPrune(options: PruneOptions): Promise<PrunePlan> {
    return planPrune(this.context, options);
  }

  /** @param agreed what somebody has seen: snapshots that it does not take away stay */
  prune(options: PruneOptions, agreed: PrunePlan): Promise<PruneResult> {
    return prune(this.context, options, agreed);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
