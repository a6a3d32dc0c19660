/** What is in a pack, beside it: so that one object is found without reading all packs. Sealed as packs are. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ManifestPack, ObjectReference, PackLayer, RepositoryStorage } from '../ports.ts';
import { AgeError, decrypt, encrypt } from './age.ts';
import { keyMissing, keyWrong, objectCorrupt, objectMissing } from './errors.ts';
import { indexKey } from './layout.ts';
import { MAX_CONTROL_BYTES } from './limits.ts';
import { createCompressor, decompress } from './zstd.ts';

const HASH = z.string().regex(/^[0-9a-f]{64}$/);

const PACK_INDEX = z.strictObject({
  format: z.literal(1),
  pack: HASH,
  bytes: z.int().nonnegative(),
  layer: z.enum(['documents', 'ledger']),
  objects: z.array(z.tuple([HASH, z.int().nonnegative()])),
});
export type PackIndex = z.infer<typeof PACK_INDEX>;

export function packIndexOf(pack: {
  name: string;
  bytes: number;
  layer: PackLayer;
  objects: readonly ObjectReference[];
}): PackIndex {
  const objects = pack.objects.map(({ sha256, bytes }): [string, number] => [sha256, bytes]);
  return { format: 1, pack: pack.name, bytes: pack.bytes, layer: pack.layer, objects };
}

/** @returns sha256 of the index as stored */
export async function putPackIndex(
  storage: RepositoryStorage,
  index: PackIndex,
  recipients: readonly string[],
): Promise<string> {
  const compressor = createCompressor();
  compressor.end(JSON.stringify(index));
  const sealed = Buffer.concat(
    await Array.fromAsync(encrypt(compressor as AsyncIterable<Buffer>, recipients)),
  );
  await storage.put(indexKey(index.pack), sealed);
  return sha256(sealed);
}

/** The index that a signed manifest names, and no other. @throws BudaoError object_missing, object_corrupt, recovery_key_wrong */
export async function readPackIndex(
  storage: RepositoryStorage,
  identities: readonly string[],
  { name, index }: ManifestPack,
): Promise<PackIndex> {
  if (identities.length === 0) throw keyMissing(storage.name);
  const sealed = await storage.get(indexKey(name));
  if (sealed === null) throw objectMissing(`index of pack ${name}`, storage.name);
  const what = `The index of pack ${name}`;
  if (sha256(sealed) !== index) throw objectCorrupt(what, storage.name);
  try {
    const read = PACK_INDEX.parse(JSON.parse((await openText(sealed, identities)).toString('utf8')));
    if (read.pack !== name) throw new RangeError('it is that of another pack');
    return read;
  } catch (error) {
    if (error instanceof AgeError && error.reason === 'no identity') throw keyWrong(storage.name);
    throw objectCorrupt(what, storage.name, error);
  }
}

export function parsePackIndex(text: string): PackIndex | null {
  try {
    return PACK_INDEX.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function openText(sealed: Buffer, identities: readonly string[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of decompress(decrypt(once(sealed), identities))) {
    bytes += piece.length;
    if (bytes > MAX_CONTROL_BYTES) throw new RangeError('it is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
