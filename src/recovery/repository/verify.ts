/**
 * Reads a repository back. Without a key: that every file which a manifest needs is there and has the bytes that it had.
 * With one: that every pack opens, that every object in it hashes to its name, and that each snapshot has all it names.
 */
import { createHash, randomBytes } from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';
import type { ManifestPack } from '../ports.ts';
import type { RepositoryContext } from './context.ts';
import { readDescription, readSigner } from './description.ts';
import { type Finding, findings } from './findings.ts';
import {
  indexedPackOf,
  indexKey,
  LOCKS,
  packKey,
  packOf,
  README_KEY,
  SIGNERS,
  snapshotName,
} from './layout.ts';
import { REQUESTS_AT_ONCE } from './limits.ts';
import { readManifests, type StoredManifest } from './manifests.ts';
import { mapAtOnce } from './map-at-once.ts';
import { neededPacks } from './needed-packs.ts';
import { PackedObjects, type SeenIndexes } from './object-reader.ts';
import { readPackIndex } from './pack-index.ts';
import { readStoredPack } from './pack-reader.ts';
import { unsoundPrunings, vanishedSnapshots } from './published.ts';
import { objectsOf, parseContents } from './snapshot-contents.ts';
import { listPacks, type StoredPacks } from './stored-packs.ts';
import { verifyStreams } from './verify-streams.ts';

const PACKS_AT_ONCE = 2;

export interface VerifyOptions {
  /** Of the packs that are read, from 0 to 1; that all are there, and of their size, is always looked at. */
  share?: number;
  /** Which share; the same seed chooses the same packs. */
  seed?: string;
  signal?: AbortSignal;
  onProgress?: (progress: { packs: number; packsTotal: number; bytes: number }) => void;
}

export interface VerifyReport {
  findings: Finding[];
  /** Whether packs were opened, or only their stored bytes compared. */
  withKey: boolean;
  share: number;
  seed: string;
  snapshots: number;
  /** Generations of streams of changes. */
  streams: number;
  packs: number;
  packsRead: number;
  objectsRead: number;
  bytesRead: number;
}

export async function verifyRepository(
  context: RepositoryContext,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  return new Verification(context, options).run();
}

class Verification {
  readonly #context: RepositoryContext;
  readonly #options: VerifyOptions;
  readonly #report: VerifyReport;
  /** Ids of the snapshots that need a pack, by its name. */
  #users: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(context: RepositoryContext, options: VerifyOptions) {
    this.#context = context;
    this.#options = options;
    this.#report = {
      findings: [],
      withKey: context.identities.length > 0,
      share: options.share ?? 1,
      seed: options.seed ?? randomBytes(4).toString('hex'),
      snapshots: 0,
      streams: 0,
      packs: 0,
      packsRead: 0,
      objectsRead: 0,
      bytesRead: 0,
    };
  }

  async run(): Promise<VerifyReport> {
    await this.#verifyDescription();
    const snapshots = await this.#verifyManifests();
    const streams = await verifyStreams(this.#context.storage);
    this.#report.findings.push(...streams.findings);
    this.#report.streams = streams.count;
    const manifests = [...snapshots, ...streams.manifests];
    const packs = neededPacks(manifests);
    const stored = await listPacks(this.#context.storage);
    this.#users = usersOfPacks(manifests);
    this.#verifyPresence(packs, stored);
    this.#report.packs = packs.size;
    const ofTheirSize = [...packs.values()].filter(
      ({ name, bytes }) => stored.files.get(packKey(name))?.bytes === bytes,
    );
    await mapAtOnce([...packs.values()], REQUESTS_AT_ONCE, (pack) => this.#verifyIndex(pack));
    await this.#verifyPacks(ofTheirSize.filter(({ name }) => isChosen(name, this.#report)));
    if (this.#report.withKey) await this.#verifyContents(manifests);
    if (this.#report.findings.length > 0) await this.#forgetWhatHasChanged(manifests);
    return this.#report;
  }

  async #verifyDescription(): Promise<void> {
    const { storage } = this.#context;
    try {
      const { description } = await readDescription(storage);
      const readme = await storage.get(README_KEY);
      if (readme === null || hashOf(readme) !== description.readme) this.#add(findings.readme());
    } catch (error) {
      this.#add(findings.description(error));
    }
    for await (const { key } of storage.list(SIGNERS)) {
      const installationId = snapshotName(key).replace(/\.json$/, '');
      await readSigner(storage, installationId).catch((error: unknown) =>
        this.#add(findings.signer(key, error)),
      );
    }
  }

  async #verifyManifests(): Promise<StoredManifest[]> {
    const { storage, stateFolder } = this.#context;
    const { manifests, unreadable } = await readManifests(storage, { withRetired: true });
    for (const { key, error } of unreadable) this.#add(findings.manifest(key, error));
    const present = new Set([...manifests, ...unreadable].map(({ key }) => snapshotName(key)));
    for (const name of await vanishedSnapshots(storage, stateFolder, present))
      this.#add(findings.vanished(name));
    for (const key of await unsoundPrunings(storage)) this.#add(findings.pruning(key));
    this.#report.snapshots = manifests.filter(({ isRetired }) => !isRetired).length;
    return manifests;
  }

  #verifyPresence(packs: ReadonlyMap<string, ManifestPack>, stored: StoredPacks): void {
    for (const pack of packs.values()) {
      const found = stored.files.get(packKey(pack.name));
      if (found === undefined) this.#add(findings.packMissing(pack, this.#usersOf(pack)));
      else if (found.bytes !== pack.bytes)
        this.#add(findings.packSize(pack, found.bytes, this.#usersOf(pack)));
      if (!stored.files.has(indexKey(pack.name))) this.#add(findings.indexMissing(pack));
    }
    for (const key of stored.files.keys()) {
      const name = packOf(key) ?? indexedPackOf(key);
      if (name === null || !packs.has(name)) this.#add(findings.unreferenced(key));
    }
  }

  async #verifyIndex(pack: ManifestPack): Promise<void> {
    const sealed = await this.#context.storage.get(indexKey(pack.name));
    if (sealed !== null && hashOf(sealed) !== pack.index) this.#add(findings.indexDamaged(pack));
  }

  async #verifyPacks(packs: readonly ManifestPack[]): Promise<void> {
    const { signal, onProgress } = this.#options;
    await mapAtOnce(packs, PACKS_AT_ONCE, async (pack) => {
      signal?.throwIfAborted();
      const problem = await this.#problemOf(pack);
      if (problem !== null) this.#add(problem);
      this.#report.packsRead += 1;
      const { packsRead, bytesRead } = this.#report;
      onProgress?.({ packs: packsRead, packsTotal: packs.length, bytes: bytesRead });
    });
  }

  async #problemOf(pack: ManifestPack): Promise<Finding | null> {
    const { storage } = this.#context;
    const stored = await storage.read(packKey(pack.name));
    if (stored === null) return findings.packMissing(pack, this.#usersOf(pack));
    const hash = createHash('sha256');
    const counted = this.#counted(stored as AsyncIterable<Buffer>, hash);
    try {
      if (!this.#report.withKey) for await (const _ of counted);
      else if (!(await this.#holdsWhatItsIndexSays(pack, counted)))
        return findings.packOther(pack, this.#usersOf(pack));
    } catch (error) {
      if (!(error instanceof BudaoError)) throw error;
      if (error.code === 'recovery_key_wrong') return this.#goOnWithoutKey(pack, error);
      if (error.code !== 'object_corrupt') throw error;
      return findings.packDamaged(pack, this.#usersOf(pack));
    } finally {
      stored.destroy();
    }
    return hash.digest('hex') === pack.name ? null : findings.packDamaged(pack, this.#usersOf(pack));
  }

  async #goOnWithoutKey(pack: ManifestPack, error: BudaoError): Promise<Finding | null> {
    if (this.#report.withKey) this.#add(findings.key(error));
    this.#report.withKey = false;
    return this.#problemOf(pack);
  }

  async #holdsWhatItsIndexSays(pack: ManifestPack, stored: AsyncIterable<Buffer>): Promise<boolean> {
    const listed = await this.#listedIn(pack);
    const found: string[] = [];
    for await (const { sha256 } of readStoredPack(this.#context, pack.name, stored)) found.push(sha256);
    this.#report.objectsRead += found.length;
    return listed === null || listed.join() === found.join();
  }

  /** A damaged index is a finding of its own. */
  async #listedIn(pack: ManifestPack): Promise<string[] | null> {
    const { storage, identities } = this.#context;
    try {
      return (await readPackIndex(storage, identities, pack)).objects.map(([sha256]) => sha256);
    } catch (error) {
      if (error instanceof BudaoError && error.code.startsWith('object_')) return null;
      throw error;
    }
  }

  async *#counted(
    stored: AsyncIterable<Buffer>,
    hash: ReturnType<typeof createHash>,
  ): AsyncGenerator<Buffer> {
    for await (const piece of stored) {
      hash.update(piece);
      this.#report.bytesRead += piece.length;
      yield piece;
    }
  }

  /** Each snapshot names only what is in its packs. */
  async #verifyContents(manifests: readonly StoredManifest[]): Promise<void> {
    const seen = new Set<string>();
    const indexes: SeenIndexes = new Map();
    for (const { key, manifest, isRetired } of manifests) {
      this.#options.signal?.throwIfAborted();
      const identity = `${manifest.contents.sha256} ${manifest.packs.map(({ name }) => name).join()}`;
      if (isRetired || seen.has(identity)) continue;
      seen.add(identity);
      const objects = new PackedObjects(this.#context, manifest.packs, indexes);
      try {
        const contents = parseContents((await objects.read(manifest.contents.sha256)).toString('utf8'));
        const places = await objects.places();
        const missing = [...objectsOf(contents)].filter(({ sha256 }) => !places.has(sha256));
        if (missing.length > 0) this.#add(findings.incomplete(key, missing.length));
      } catch (error) {
        if (error instanceof BudaoError && !error.code.startsWith('object_')) throw error;
        this.#add(findings.contents(key, error));
      }
    }
  }

  /** Others write and prune meanwhile: what they have added or taken away since is no finding. */
  async #forgetWhatHasChanged(before: readonly StoredManifest[]): Promise<void> {
    const { storage } = this.#context;
    const locks = (await Array.fromAsync(storage.list(`${LOCKS}write-`))).map(({ key }) => key);
    const isWritten = locks.some((key) => !key.endsWith('.evicted.json'));
    const streams = await verifyStreams(storage);
    const stillFound = new Set(streams.findings.map(({ code, key }) => `${code} ${key}`));
    const read = await readManifests(storage, { withRetired: true });
    const manifests = [...read.manifests, ...streams.manifests];
    const needed = neededPacks(manifests);
    const packsOf = (all: readonly StoredManifest[]) =>
      new Map(all.map(({ key, manifest }) => [key, JSON.stringify(manifest.packs)]));
    const packsBefore = packsOf(before);
    const packsNow = packsOf(manifests);
    this.#report.findings = this.#report.findings.filter(({ code, key }) => {
      const pack = key === null ? null : (packOf(key) ?? indexedPackOf(key));
      if (code.startsWith('stream_')) return stillFound.has(`${code} ${key}`);
      if (code === 'file_unreferenced') return pack === null || !(isWritten || needed.has(pack));
      if (pack !== null) return needed.has(pack);
      return code !== 'snapshot_incomplete' || packsBefore.get(key ?? '') === packsNow.get(key ?? '');
    });
  }

  #usersOf({ name }: ManifestPack): readonly string[] {
    return this.#users.get(name) ?? [];
  }

  #add(finding: Finding): void {
    this.#report.findings.push(finding);
  }
}

function usersOfPacks(manifests: readonly StoredManifest[]): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { manifest } of manifests) {
    for (const { name } of manifest.packs) users.set(name, [...(users.get(name) ?? []), manifest.id]);
  }
  return users;
}

function isChosen(pack: string, { seed, share }: { seed: string; share: number }): boolean {
  const place = createHash('sha256').update(`${seed}${pack}`).digest().readUInt32BE(0) / 2 ** 32;
  return place < share;
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
