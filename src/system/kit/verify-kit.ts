import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { BudaoError } from '../../contract/errors.ts';
import {
  CHECKSUMS,
  KIT_FOLDER,
  type KitManifest,
  kitDamaged,
  MANIFEST,
  readChecksums,
  readKitManifest,
} from './kit-manifest.ts';
import { readTar } from './tar-archive.ts';

const MOST_TEXT_BYTES = 64 * 1024 * 1024;

export interface VerifiedKit {
  manifest: KitManifest;
  /** Who signed it: the same for all kits and snapshots of an installation. */
  publicKey: string;
  files: number;
  bytes: number;
}

/**
 * Reads every byte of an archive against its checksums, and these against the signature.
 *
 * @throws BudaoError kit_damaged with the names of the files, kit_invalid
 */
export async function verifyKit(path: string): Promise<VerifiedKit> {
  const seen = new Map<string, string>();
  const texts = new Map<string, string>();
  let bytes = 0;
  for await (const { name, content } of readTar(openArchive(path))) {
    const own = name.startsWith(`${KIT_FOLDER}/`) ? name.slice(KIT_FOLDER.length + 1) : name;
    const isText = own === MANIFEST || own === CHECKSUMS;
    const hash = createHash('sha256');
    const parts: Buffer[] = [];
    let size = 0;
    for await (const chunk of content) {
      hash.update(chunk);
      size += chunk.length;
      if (isText && size <= MOST_TEXT_BYTES) parts.push(Buffer.from(chunk));
    }
    bytes += size;
    seen.set(own, hash.digest('hex'));
    if (isText) texts.set(own, Buffer.concat(parts).toString('utf8'));
  }
  const { manifest, publicKey } = readKitManifest(texts.get(MANIFEST) ?? '');
  if (seen.get(CHECKSUMS) !== manifest.checksums) throw kitDamaged(CHECKSUMS);
  const expected = readChecksums(texts.get(CHECKSUMS) ?? '');
  const wrong = [...expected].filter(([name, sha256]) => seen.get(name) !== sha256).map(([name]) => name);
  const strange = [...seen.keys()].filter(
    (name) => !expected.has(name) && name !== MANIFEST && name !== CHECKSUMS,
  );
  if (wrong.length + strange.length > 0) throw kitDamaged(...wrong, ...strange);
  return { manifest, publicKey, files: seen.size, bytes };
}

async function* openArchive(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new BudaoError(
      'invalid',
      'kit_invalid',
      `The kit ${path} cannot be read: ${(error as Error).message}.`,
      { cause: error },
    );
  }
}
