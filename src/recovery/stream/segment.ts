/**
 * What changed since the segment before, as a file: a line of JSON that names the hash of the line before, one with the
 * signature over it, and then the pages, sealed. Segments one behind the other are a bundle of them.
 */
import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { z } from 'zod';
import { decrypt, encrypt } from '../repository/age.ts';
import { readUnverified, type Signer, signText, verifiedSigner } from '../repository/signing.ts';
import { decompress } from '../repository/zstd.ts';

const compress = promisify(zstdCompress);
const HASH = z.string().regex(/^[0-9a-f]{64}$/);
const COUNT = z.int().nonnegative();
const PAGE_NUMBER_BYTES = 4;
/** Of the two lines; a segment that names many packs is still smaller. */
const MAX_HEAD_BYTES = 8 * 1024 * 1024;

const PACK = z.strictObject({
  name: HASH,
  bytes: COUNT,
  layer: z.enum(['documents', 'ledger']),
  index: HASH,
});
const SEGMENT = z.strictObject({
  format: z.literal(1),
  installationId: z.string(),
  generation: z.string(),
  /** From 1 without gaps. */
  number: z.int().positive(),
  /** The sha256 of the first line of the segment before; of the base's for the first. */
  previous: HASH,
  /** Everything acknowledged before `since` is in it or before it; nothing that came after `until`. */
  since: COUNT,
  until: COUNT,
  databasePages: COUNT,
  pages: COUNT,
  /** With the documents that these pages name and that none of the packs before has. */
  packs: z.array(PACK),
  /** Documents that these pages name and that could not be read any more. */
  leftOut: z.array(HASH),
  body: z.strictObject({ sha256: HASH, bytes: COUNT }),
});
export type SegmentHead = z.infer<typeof SEGMENT>;

export interface StoredSegment {
  head: SegmentHead;
  /** The hash that the next one names. */
  identity: string;
  /** Both lines, whose signature anybody may look at. */
  text: string;
  body: Buffer;
}

export async function sealSegment(
  head: Omit<SegmentHead, 'format' | 'pages' | 'body'>,
  pages: ReadonlyMap<number, Buffer>,
  { recipients, signer }: { recipients: readonly string[]; signer: Signer },
): Promise<{ file: Buffer; identity: string }> {
  const plain: Buffer[] = [];
  for (const [page, content] of pages) {
    const number = Buffer.alloc(PAGE_NUMBER_BYTES);
    number.writeUInt32BE(page);
    plain.push(number, content);
  }
  const compressed = await compress(Buffer.concat(plain), {
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const body = Buffer.concat(await Array.fromAsync(encrypt(once(compressed), recipients)));
  const whole: SegmentHead = {
    format: 1,
    ...head,
    pages: plain.length / 2,
    body: { sha256: hash('sha256', body), bytes: body.length },
  };
  const text = signText(whole, signer);
  return { file: Buffer.concat([Buffer.from(text), body]), identity: identityOf(text) };
}

/** Of a segment or a bundle. @throws RangeError where it is none, or is damaged */
export function* readSegments(file: Buffer): Generator<StoredSegment> {
  for (let at = 0; at < file.length; ) {
    const text = headAt(file, at);
    const read = SEGMENT.safeParse(readUnverified(text));
    if (!read.success) throw new RangeError('a segment is damaged');
    const start = at + Buffer.byteLength(text);
    const { body } = read.data;
    const content = file.subarray(start, start + body.bytes);
    if (content.length !== body.bytes || hash('sha256', content) !== body.sha256)
      throw new RangeError(`segment ${read.data.number} is damaged`);
    yield { head: read.data, identity: identityOf(text), text, body: content };
    at = start + body.bytes;
  }
}

/** @returns who has signed it */
export function signerOf({ text }: Pick<StoredSegment, 'text'>): string | null {
  return verifiedSigner(text);
}

/** @throws AgeError, or whatever zstd says of damage */
export async function* openPages(
  { head, body }: StoredSegment,
  pageBytes: number,
  identities: readonly string[],
): AsyncGenerator<{ page: number; content: Buffer }> {
  const plain = Buffer.concat(await Array.fromAsync(decompress(decrypt(once(body), identities))));
  const step = PAGE_NUMBER_BYTES + pageBytes;
  if (plain.length !== head.pages * step) throw new RangeError(`segment ${head.number} holds other pages`);
  for (let at = 0; at < plain.length; at += step)
    yield { page: plain.readUInt32BE(at), content: plain.subarray(at + PAGE_NUMBER_BYTES, at + step) };
}

/** What the next segment names as the one before. */
export function identityOf(text: string): string {
  return hash('sha256', text.slice(0, text.indexOf('\n')));
}

function headAt(file: Buffer, at: number): string {
  const first = file.indexOf('\n', at);
  const second = first === -1 ? -1 : file.indexOf('\n', first + 1);
  if (second === -1 || second - at > MAX_HEAD_BYTES) throw new RangeError('a segment is damaged');
  return file.toString('utf8', at, second + 1);
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}
