/**
 * Which objects are in which packs, as this machine knows it: a line for each pack with the hash of the line before it.
 * Derived: a lost file costs time or space, a damaged line is as good as none, and what the repository no longer has
 * is forgotten.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ManifestPack } from '../ports.ts';
import { type PackIndex, packIndexOf, parsePackIndex } from './pack-index.ts';

const FILE = 'objects.jsonl';
const HASH_CHARACTERS = 64;

export interface KnownPack extends ManifestPack {
  objects: PackIndex['objects'];
}

export interface KnownPlace {
  pack: KnownPack;
  /** Of the plain object. */
  bytes: number;
}

export class KnownObjects {
  readonly packs = new Map<string, KnownPack>();
  readonly #places = new Map<string, KnownPlace>();
  readonly #path: string | null;

  private constructor(path: string | null) {
    this.#path = path;
  }

  /** @param stateFolder null where nothing is remembered */
  static async load(stateFolder: string | null): Promise<KnownObjects> {
    const path = stateFolder === null ? null : join(stateFolder, FILE);
    const known = new KnownObjects(path);
    const text = path === null ? '' : await readFile(path, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const pack = parseLine(line);
      if (pack !== null) known.#remember(pack);
    }
    return known;
  }

  find(sha256: string): KnownPlace | null {
    return this.#places.get(sha256) ?? null;
  }

  async add(pack: KnownPack): Promise<void> {
    this.#remember(pack);
    if (this.#path === null) return;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await using file = await open(this.#path, 'a', 0o600);
    // One call for each line, so that lines of two packs never mix; behind one that a power cut has torn it is its own.
    await file.write(`\n${lineOf(pack)}\n`);
  }

  /** Forgets every pack that is not there as it was. */
  async keepOnly(isThere: (pack: KnownPack) => boolean): Promise<void> {
    const kept = [...this.packs.values()].filter(isThere);
    if (kept.length === this.packs.size) return;
    this.packs.clear();
    this.#places.clear();
    for (const pack of kept) this.#remember(pack);
    if (this.#path === null) return;
    const temporary = `${this.#path}.new`;
    try {
      await writeFile(temporary, kept.map((pack) => `${lineOf(pack)}\n`).join(''), { mode: 0o600 });
      await rename(temporary, this.#path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #remember(pack: KnownPack): void {
    this.packs.set(pack.name, pack);
    for (const [sha256, bytes] of pack.objects) this.#places.set(sha256, { pack, bytes });
  }
}

function lineOf(pack: KnownPack): string {
  const objects = pack.objects.map(([sha256, bytes]) => ({ sha256, bytes }));
  const text = `${pack.index}${JSON.stringify(packIndexOf({ ...pack, objects }))}`;
  return `${hash(text)}${text}`;
}

function parseLine(line: string): KnownPack | null {
  const text = line.slice(HASH_CHARACTERS);
  if (text === '' || hash(text) !== line.slice(0, HASH_CHARACTERS)) return null;
  const read = parsePackIndex(text.slice(HASH_CHARACTERS));
  if (read === null) return null;
  const { pack: name, bytes, layer, objects } = read;
  return { name, bytes, layer, index: text.slice(0, HASH_CHARACTERS), objects };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
