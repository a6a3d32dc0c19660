/** Several repositories that stand in for each other: what one cannot give, the next one may have. */
import { BudaoError } from '../../contract/errors.ts';
import type { ObjectReader, ReadableSnapshots, SnapshotContents, SnapshotManifest } from '../ports.ts';
import { objectCorrupt } from './errors.ts';
import type { PackedObjects } from './object-reader.ts';
import type { Repository } from './repository.ts';
import { parseContents } from './snapshot-contents.ts';

export interface NamedRepository {
  /** As people call it. */
  name: string;
  repository: Repository;
}

/** What kept one of them from being used, or from being used for everything. */
export interface Trouble {
  repository: string;
  code: string;
  message: string;
}

/** From which repository how much was read. */
export interface Used {
  repository: string;
  objects: number;
}

/** A snapshot that may be restored, and who has its manifest. */
export interface Candidate {
  manifest: SnapshotManifest;
  holders: readonly NamedRepository[];
}

/** What is wrong with a repository, or with what it keeps; anything else ends the restore. */
const OF_A_REPOSITORY: ReadonlySet<string> = new Set([
  'object_corrupt',
  'object_missing',
  'recovery_key_wrong',
  'repository_damaged',
  'repository_locked',
  'repository_missing',
  'repository_newer',
  'repository_unavailable',
  'snapshot_damaged',
  'storage_address_invalid',
  'storage_refused',
  'storage_unavailable',
  'stream_broken',
]);

/** Whether another repository may help. */
export function isOfRepository(error: unknown): error is BudaoError {
  return error instanceof BudaoError && OF_A_REPOSITORY.has(error.code);
}

export class SeveralRepositories {
  /** In the order in which it arose. */
  readonly troubles: Trouble[] = [];
  readonly #repositories: readonly NamedRepository[];
  readonly #used = new Map<string, number>();

  constructor(repositories: readonly NamedRepository[]) {
    this.#repositories = repositories;
  }

  get used(): Used[] {
    return [...this.#used].map(([repository, objects]) => ({ repository, objects }));
  }

  /** All that can be read, newest first; the same snapshot in two places is one. */
  async list(): Promise<Candidate[]> {
    const found = new Map<string, { manifest: SnapshotManifest; holders: NamedRepository[] }>();
    for (const holder of this.#repositories) {
      const { manifests, unreadable } = await this.#listOne(holder);
      for (const { key, reason } of unreadable)
        this.note(holder.name, 'snapshot_damaged', reason.includes(key) ? reason : `${key}: ${reason}`);
      for (const manifest of manifests) {
        const same = found.get(`${manifest.id} ${manifest.contents.sha256}`);
        if (same === undefined)
          found.set(`${manifest.id} ${manifest.contents.sha256}`, { manifest, holders: [holder] });
        else same.holders.push(holder);
      }
    }
    return [...found.values()].sort((left, right) => right.manifest.createdAt - left.manifest.createdAt);
  }

  /** The snapshot, with the others behind it for whatever its own repository cannot give. */
  open({ manifest, holders }: Candidate): ReadableSnapshots {
    const objects = new ObjectsOfSeveral(
      [
        ...holders.map(({ name, repository }) => ({
          name,
          objects: async () => repository.objectsOf(manifest),
        })),
        ...this.#repositories
          .filter((one) => !holders.includes(one))
          .map(({ name, repository }) => ({ name, objects: () => repository.everything() })),
      ],
      this,
    );
    const name = holders.map((holder) => holder.name).join(', ');
    return {
      name,
      list: async () => ({ manifests: [manifest], unreadable: [] }),
      read: async () => ({ contents: await readContents(objects, manifest, name), objects }),
    };
  }

  /** The same trouble of many objects is told once. */
  note(repository: string, code: string, message: string): void {
    const isKnown = this.troubles.some((one) => one.repository === repository && one.message === message);
    if (!isKnown) this.troubles.push({ repository, code, message });
  }

  noteError(repository: string, error: unknown): void {
    if (!isOfRepository(error)) throw error;
    this.note(repository, error.code, error.message);
  }

  count(repository: string): void {
    this.#used.set(repository, (this.#used.get(repository) ?? 0) + 1);
  }

  async #listOne({ name, repository }: NamedRepository): ReturnType<Repository['list']> {
    try {
      return await repository.list();
    } catch (error) {
      this.noteError(name, error);
      if (this.#repositories.length === 1) throw error;
      return { manifests: [], unreadable: [] };
    }
  }
}

async function readContents(
  objects: ObjectReader,
  { id, contents }: SnapshotManifest,
  name: string,
): Promise<SnapshotContents> {
  const text = (await objects.read(contents.sha256)).toString('utf8');
  try {
    return parseContents(text);
  } catch (error) {
    throw objectCorrupt(`The list of contents of snapshot ${id}`, name, error);
  }
}

interface ObjectSource {
  name: string;
  objects(): Promise<PackedObjects>;
}

/** Each object from the first that has it whole. */
class ObjectsOfSeveral implements ObjectReader {
  readonly #sources: readonly ObjectSource[];
  readonly #several: SeveralRepositories;
  readonly #opened = new Map<ObjectSource, Promise<PackedObjects>>();

  constructor(sources: readonly ObjectSource[], several: SeveralRepositories) {
    this.#sources = sources;
    this.#several = several;
  }

  async read(sha256: string): Promise<Buffer> {
    let read: Buffer | null = null;
    await this.readMany([sha256], async (_, content) => {
      read = content;
    });
    if (read === null) throw new Error(`${sha256} was neither read nor refused`);
    return read;
  }

  async readMany(
    sha256s: Iterable<string>,
    take: (sha256: string, content: Buffer) => Promise<void>,
  ): Promise<void> {
    let left = new Set(sha256s);
    let first: unknown = null;
    for (const source of this.#sources) {
      if (left.size === 0) return;
      const failed = await this.#readFrom(source, left, take);
      for (const error of new Set(failed.values())) {
        this.#several.noteError(source.name, error);
        first ??= error;
      }
      left = new Set(failed.keys());
    }
    if (left.size > 0) throw first;
  }

  async #readFrom(
    source: ObjectSource,
    wanted: ReadonlySet<string>,
    take: (sha256: string, content: Buffer) => Promise<void>,
  ): Promise<Map<string, unknown>> {
    let objects: PackedObjects;
    try {
      objects = await this.#open(source);
    } catch (error) {
      return new Map([...wanted].map((sha256) => [sha256, error]));
    }
    return objects.readAvailable(wanted, async (sha256, content) => {
      await take(sha256, content);
      this.#several.count(source.name);
    });
  }

  #open(source: ObjectSource): Promise<PackedObjects> {
    const opened = this.#opened.get(source) ?? source.objects();
    this.#opened.set(source, opened);
    return opened;
  }
}
