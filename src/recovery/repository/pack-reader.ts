/** Objects out of stored packs. Whatever is wrong with a pack ends the reading; no object leaves before its hash fits. */
import { createHash } from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../ports.ts';
import { AgeError, decrypt } from './age.ts';
import { keyMissing, keyWrong, objectCorrupt, objectMissing } from './errors.ts';
import { packKey } from './layout.ts';
import { readTar } from './tar.ts';
import { decompress } from './zstd.ts';

export interface PackReading {
  storage: RepositoryStorage;
  identities: readonly string[];
}

/** Every object of a pack in its order, already compared with its hash. */
export async function* readPack(
  { storage, identities }: PackReading,
  pack: string,
): AsyncGenerator<{ sha256: string; content: Buffer }> {
  const stored = await storage.read(packKey(pack));
  if (stored === null) throw objectMissing(`pack ${pack}`, storage.name);
  try {
    yield* readStoredPack({ storage, identities }, pack, stored as AsyncIterable<Buffer>);
  } finally {
    stored.destroy();
  }
}

/** The same for bytes that are on their way already. */
export async function* readStoredPack(
  { storage, identities }: PackReading,
  pack: string,
  stored: AsyncIterable<Buffer>,
): AsyncGenerator<{ sha256: string; content: Buffer }> {
  if (identities.length === 0) throw keyMissing(storage.name);
  try {
    for await (const { name, content } of readTar(decompress(decrypt(stored, identities)))) {
      if (createHash('sha256').update(content).digest('hex') !== name) {
        throw objectCorrupt(`The object ${name}`, storage.name);
      }
      yield { sha256: name, content };
    }
  } catch (error) {
    if (error instanceof BudaoError) throw error;
    if (error instanceof AgeError && error.reason === 'no identity' && (await isWhole(storage, pack))) {
      throw keyWrong(storage.name);
    }
    throw objectCorrupt(`The pack ${pack}`, storage.name, error);
  }
}

/** Damage in the header of a pack looks like a wrong key; its name tells them apart. */
async function isWhole(storage: RepositoryStorage, pack: string): Promise<boolean> {
  const stored = await storage.read(packKey(pack));
  if (stored === null) return false;
  const hash = createHash('sha256');
  for await (const piece of stored as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest('hex') === pack;
}
