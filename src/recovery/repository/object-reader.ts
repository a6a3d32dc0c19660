import { BudaoError } from '../../contract/errors.ts';
import type { ManifestPack, ObjectReader, RepositoryStorage } from '../ports.ts';
import { keyMissing, objectMissing } from './errors.ts';
import { packKey } from './layout.ts';
import { MAX_HELD_BYTES, REQUESTS_AT_ONCE } from './limits.ts';
import { mapAtOnce } from './map-at-once.ts';
import { readPackIndex } from './pack-index.ts';
import { readPack, readStoredPack } from './pack-reader.ts';

export interface PackSource {
  storage: RepositoryStorage;
  identities: readonly string[];
}

export interface ObjectPlace {
  pack: ManifestPack;
  bytes: number;
}

/** What is in packs, by their names: for whoever looks into many snapshots that share them. */
export type SeenIndexes = Map<string, Promise<[string, number][]>>;

type TakeObject = (sha256: string, content: Buffer) => Promise<void>;

interface WantedPack {
  pack: ManifestPack;
  objects: string[];
}

/** Objects of the packs that a manifest names. */
export class PackedObjects implements ObjectReader {
  readonly #source: PackSource;
  readonly #packs: readonly ManifestPack[];
  readonly #seen: SeenIndexes;
  #places: Promise<ReadonlyMap<string, ObjectPlace>> | null = null;

  constructor(source: PackSource, packs: readonly ManifestPack[], seen: SeenIndexes = new Map()) {
    this.#source = source;
    this.#packs = packs;
    this.#seen = seen;
  }

  async read(sha256: string): Promise<Buffer> {
    const place = (await this.places()).get(sha256);
    if (place !== undefined) {
      for await (const object of readPack(this.#source, place.pack.name))
        if (object.sha256 === sha256) return object.content;
    }
    throw objectMissing(sha256, this.#source.storage.name);
  }

  async readMany(sha256s: Iterable<string>, take: TakeObject): Promise<void> {
    const wanted = await this.#byPack(sha256s, (sha256) => {
      throw objectMissing(sha256, this.#source.storage.name);
    });
    await this.#readPacks(wanted, take, (error) => {
      throw error;
    });
  }

  /**
   * The same as far as it goes: what lies in a damaged pack is passed over, and the rest is read.
   *
   * @returns what could not be read, each with the reason; what `take` throws is thrown
   */
  async readAvailable(sha256s: Iterable<string>, take: TakeObject): Promise<Map<string, unknown>> {
    const left = new Map<string, unknown>();
    const asked = [...sha256s];
    let wanted: WantedPack[];
    try {
      wanted = await this.#byPack(asked, (sha256) =>
        left.set(sha256, objectMissing(sha256, this.#source.storage.name)),
      );
    } catch (error) {
      return new Map(asked.map((sha256) => [sha256, error]));
    }
    await this.#readPacks(wanted, take, (error, objects) => {
      for (const sha256 of objects) left.set(sha256, error);
    });
    return left;
  }

  async #readPacks(
    wanted: readonly WantedPack[],
    take: TakeObject,
    onUnreadable: (error: unknown, objects: ReadonlySet<string>) => void,
  ): Promise<void> {
    let coming = this.#fetch(wanted[0]?.pack);
    for (const [position, { pack, objects }] of wanted.entries()) {
      const stored = await coming.catch((error: unknown) => ({ error }));
      coming = this.#fetch(wanted[position + 1]?.pack);
      const missing = new Set(objects);
      const failure = 'error' in stored ? stored : await this.#takeApart(pack, stored, missing, take);
      if (failure === null) continue;
      onUnreadable(failure.error, missing);
      if (!isAway(failure.error)) continue;
      for (const later of wanted.slice(position + 1)) onUnreadable(failure.error, new Set(later.objects));
      return;
    }
  }

  /** @returns what kept it from reading all of `missing`, from which goes what was read; null for nothing */
  async #takeApart(
    pack: ManifestPack,
    stored: AsyncIterable<Buffer>,
    missing: Set<string>,
    take: TakeObject,
  ): Promise<{ error: unknown } | null> {
    let refused: { error: unknown } | null = null;
    try {
      for await (const { sha256, content } of readStoredPack(this.#source, pack.name, stored)) {
        if (missing.delete(sha256)) {
          await take(sha256, content).catch((error: unknown) => {
            refused = { error };
            throw error;
          });
        }
        if (missing.size === 0) return null;
      }
    } catch (error) {
      // Of whoever takes, and no fault of the repository.
      if (refused !== null) throw (refused as { error: unknown }).error;
      return { error };
    }
    for (const sha256 of missing) return { error: objectMissing(sha256, this.#source.storage.name) };
    return null;
  }

  /** In which pack each object is. */
  places(): Promise<ReadonlyMap<string, ObjectPlace>> {
    this.#places ??= this.#readIndexes();
    return this.#places;
  }

  async #byPack(sha256s: Iterable<string>, onMissing: (sha256: string) => void): Promise<WantedPack[]> {
    const places = await this.places();
    const wanted = new Map<ManifestPack, string[]>();
    for (const sha256 of new Set(sha256s)) {
      const place = places.get(sha256);
      if (place === undefined) {
        onMissing(sha256);
        continue;
      }
      const { pack } = place;
      const objects = wanted.get(pack);
      if (objects === undefined) wanted.set(pack, [sha256]);
      else objects.push(sha256);
    }
    return [...wanted].map(([pack, objects]) => ({ pack, objects }));
  }

  /** The next pack is on its way while the one before it is taken apart. */
  #fetch(pack: ManifestPack | undefined): Promise<AsyncIterable<Buffer>> {
    const fetched = pack === undefined ? Promise.resolve(nothing()) : this.#stored(pack);
    // Met by whoever waits for it.
    fetched.catch(() => {});
    return fetched;
  }

  async #stored({ name, bytes }: ManifestPack): Promise<AsyncIterable<Buffer>> {
    const { storage } = this.#source;
    const isHeld = bytes <= MAX_HELD_BYTES;
    const stored = isHeld ? await storage.get(packKey(name)) : await storage.read(packKey(name));
    if (stored === null) throw objectMissing(`pack ${name}`, storage.name);
    return Buffer.isBuffer(stored) ? inOnePiece(stored) : (stored as AsyncIterable<Buffer>);
  }

  async #readIndexes(): Promise<ReadonlyMap<string, ObjectPlace>> {
    const { storage, identities } = this.#source;
    if (identities.length === 0) throw keyMissing(storage.name);
    const places = new Map<string, ObjectPlace>();
    const listed = await mapAtOnce(this.#packs, REQUESTS_AT_ONCE, (pack) => this.#objectsIn(pack));
    for (const [position, pack] of this.#packs.entries()) {
      for (const [sha256, bytes] of listed[position] ?? []) places.set(sha256, { pack, bytes });
    }
    return places;
  }

  #objectsIn(pack: ManifestPack): Promise<[string, number][]> {
    const seen = this.#seen.get(pack.name);
    if (seen !== undefined) return seen;
    const objects = this.#lookInto(pack);
    this.#seen.set(pack.name, objects);
    return objects;
  }

  /** Without its index a pack is as good as with it, only slower to look through. */
  async #lookInto(pack: ManifestPack): Promise<[string, number][]> {
    const { storage, identities } = this.#source;
    try {
      return (await readPackIndex(storage, identities, pack)).objects;
    } catch (error) {
      if (!isGone(error)) throw error;
      return this.#objectsInside(pack);
    }
  }

  /** A pack that is gone too holds nothing; whoever wants an object of it learns that it is missing. */
  async #objectsInside({ name }: ManifestPack): Promise<[string, number][]> {
    const objects: [string, number][] = [];
    try {
      for await (const { sha256, content } of readPack(this.#source, name))
        objects.push([sha256, content.length]);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    return objects;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof BudaoError && (error.code === 'object_missing' || error.code === 'object_corrupt');
}

function isAway(error: unknown): boolean {
  return error instanceof BudaoError && error.code === 'repository_unavailable';
}

async function* inOnePiece(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

async function* nothing(): AsyncGenerator<Buffer> {}
