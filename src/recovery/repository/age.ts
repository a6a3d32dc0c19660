/**
 * Files as `age` writes them (age-encryption.org/v1). The library makes and opens headers; the payload goes through
 * OpenSSL, which is more than ten times as fast as the library's own cipher. Format of the payload: a nonce of 16
 * bytes, then pieces of 64 KiB in ChaCha20-Poly1305 under HKDF-SHA-256(file key, nonce, "payload"), each with a counter
 * and a mark on the last one as its nonce (https://age-encryption.org/v1).
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { keyInvalid } from './errors.ts';
import { MAX_HEADER_BYTES, MAX_RECIPIENTS } from './limits.ts';

const CIPHER = 'chacha20-poly1305';
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const NONCE_BYTES = 16;
const FIRST_LINE = 'age-encryption.org/v1\n';

/** The file is damaged, or none of the identities is for it. */
export class AgeError extends Error {
  readonly reason: 'damaged' | 'no identity';

  constructor(reason: 'damaged' | 'no identity', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AgeError';
    this.reason = reason;
  }
}

export interface RecoveryKey {
  /** `AGE-SECRET-KEY-1…`: opens everything. Shown once, kept away from the machine. */
  identity: string;
  /** `age1…`: only closes. */
  recipient: string;
}

export async function generateRecoveryKey(): Promise<RecoveryKey> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Reads a key file as `age-keygen` writes it. @throws BudaoError recovery_key_invalid */
export async function readIdentities(text: string): Promise<string[]> {
  const identities = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (identities.length === 0)
    throw keyInvalid('There is no recovery key in what was given. It is a line AGE-SECRET-KEY-1….');
  for (const identity of identities) await recipientOf(identity);
  return identities;
}

/** @throws BudaoError recovery_key_invalid; its message never has the key in it */
export async function recipientOf(identity: string): Promise<string> {
  try {
    return await identityToRecipient(identity);
  } catch {
    throw keyInvalid(
      'This is no recovery key, or it was mistyped. It begins with AGE-SECRET-KEY-1 and has 74 characters.',
    );
  }
}

/** @throws BudaoError recovery_key_invalid */
export function checkRecipients(recipients: readonly string[]): void {
  if (recipients.length === 0 || recipients.length > MAX_RECIPIENTS) {
    throw keyInvalid(
      `A repository has 1 to ${MAX_RECIPIENTS} recipients, not ${recipients.length}. Name those who may restore.`,
    );
  }
  for (const recipient of recipients) {
    try {
      new Encrypter().addRecipient(recipient);
    } catch (error) {
      throw keyInvalid(
        `"${recipient.slice(0, 80)}" is no age recipient. It begins with age1; an identity is never given here.`,
        error,
      );
    }
  }
}

export async function* encrypt(
  plain: AsyncIterable<Buffer>,
  recipients: readonly string[],
): AsyncGenerator<Buffer> {
  const { header, fileKey } = await makeHeader(recipients);
  const nonce = randomBytes(NONCE_BYTES);
  yield Buffer.concat([header, nonce]);
  const key = payloadKey(fileKey, nonce);
  let number = 0;
  for await (const { chunk, isLast } of cut(plain, CHUNK_BYTES)) {
    const cipher = createCipheriv(CIPHER, key, chunkNonce(number, isLast), { authTagLength: TAG_BYTES });
    number += 1;
    yield cipher.update(chunk);
    cipher.final();
    yield cipher.getAuthTag();
  }
}

/** @throws AgeError */
export async function* decrypt(
  sealed: AsyncIterable<Buffer>,
  identities: readonly string[],
): AsyncGenerator<Buffer> {
  const pieces = sealed[Symbol.asyncIterator]();
  const start = await readHeader(pieces);
  const fileKey = await openHeader(start.header, identities);
  let rest = start.rest;
  while (rest.length < NONCE_BYTES) rest = Buffer.concat([rest, await nextPiece(pieces)]);
  const key = payloadKey(fileKey, rest.subarray(0, NONCE_BYTES));
  const payload = withFirst(rest.subarray(NONCE_BYTES), pieces);
  let number = 0;
  for await (const { chunk, isLast } of cut(payload, CHUNK_BYTES + TAG_BYTES)) {
    const text = chunk.length < TAG_BYTES ? null : openChunk(key, chunkNonce(number, isLast), chunk);
    const isEmptyForNothing = isLast && number > 0 && text?.length === 0;
    if (text === null || isEmptyForNothing) throw new AgeError('damaged', `piece ${number} does not open`);
    number += 1;
    yield text;
  }
}

/** Pieces of so many bytes; the last one, which may be shorter, is marked. Only what crosses a border is copied. */
async function* cut(
  stream: AsyncIterable<Buffer>,
  bytes: number,
): AsyncGenerator<{ chunk: Buffer; isLast: boolean }> {
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of stream) {
    const missing = held.length === 0 ? 0 : bytes - held.length;
    if (missing > 0) held = Buffer.concat([held, piece.subarray(0, missing)]);
    let rest = piece.subarray(missing);
    if (rest.length === 0) continue;
    if (held.length > 0) yield { chunk: held, isLast: false };
    for (; rest.length > bytes; rest = rest.subarray(bytes))
      yield { chunk: rest.subarray(0, bytes), isLast: false };
    held = rest;
  }
  yield { chunk: held, isLast: true };
}

async function* withFirst(first: Buffer, pieces: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
}

/** A recipient of our own listens in for the key of the file; it leaves nothing in the header. */
async function makeHeader(recipients: readonly string[]): Promise<{ header: Buffer; fileKey: Uint8Array }> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  const heard: Uint8Array[] = [];
  encrypter.addRecipient({
    wrapFileKey(fileKey) {
      heard.push(Uint8Array.from(fileKey));
      return [];
    },
  });
  const empty = Buffer.from(await encrypter.encrypt(new Uint8Array(0)));
  const [fileKey] = heard;
  if (fileKey === undefined) throw new TypeError('the header was made without a file key');
  return { header: empty.subarray(0, empty.length - NONCE_BYTES - TAG_BYTES), fileKey };
}

async function readHeader(pieces: AsyncIterator<Buffer>): Promise<{ header: Buffer; rest: Buffer }> {
  let read = Buffer.alloc(0);
  while (read.length < MAX_HEADER_BYTES) {
    read = Buffer.concat([read, await nextPiece(pieces)]);
    const lastLine = read.indexOf('\n--- ');
    const end = lastLine === -1 ? -1 : read.indexOf('\n', lastLine + 1);
    if (end !== -1) return { header: read.subarray(0, end + 1), rest: read.subarray(end + 1) };
    if (
      read.length >= FIRST_LINE.length &&
      !read.subarray(0, FIRST_LINE.length).equals(Buffer.from(FIRST_LINE))
    )
      break;
  }
  throw new AgeError('damaged', 'there is no age header');
}

async function nextPiece(pieces: AsyncIterator<Buffer>): Promise<Buffer> {
  const next = await pieces.next();
  if (next.done === true) throw new AgeError('damaged', 'the file ends early');
  return next.value;
}

async function openHeader(header: Buffer, identities: readonly string[]): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    const isOther = /no identity matched/.test((error as Error).message);
    throw new AgeError(isOther ? 'no identity' : 'damaged', 'the header does not open', { cause: error });
  }
}

function openChunk(key: Uint8Array, nonce: Buffer, chunk: Buffer): Buffer | null {
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(chunk.subarray(chunk.length - TAG_BYTES));
  const text = decipher.update(chunk.subarray(0, chunk.length - TAG_BYTES));
  try {
    decipher.final();
    return text;
  } catch {
    return null;
  }
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** Eleven bytes of counter, and one that marks the last piece. */
function chunkNonce(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}
