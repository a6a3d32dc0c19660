/** Plain tar (POSIX ustar) of regular files, as every tar on earth reads it; same files in, same bytes out. */

import { once } from 'node:events';
import { createReadStream, type WriteStream } from 'node:fs';
import { BudaoError } from '../../contract/errors.ts';

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;
const END = Buffer.alloc(2 * BLOCK_BYTES);

export interface TarEntry {
  name: string;
  bytes: number;
  isExecutable: boolean;
  content: AsyncIterable<Buffer>;
}

export interface FileEntry {
  name: string;
  bytes: number;
  isExecutable: boolean;
  path: string;
}

export async function* tarOf(entries: Iterable<FileEntry>): AsyncGenerator<Buffer> {
  for (const { name, bytes, isExecutable, path } of entries) {
    yield headerOf(name, bytes, isExecutable);
    let seen = 0;
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      seen += chunk.length;
      yield chunk;
    }
    if (seen !== bytes) throw new Error(`${path} changed while it was read`);
    yield Buffer.alloc((BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES);
  }
  yield END;
}

/**
 * Entries of archives that `tarOf` has made. The content of one must be read before the next.
 *
 * @throws BudaoError kit_damaged where it is cut off or no such archive
 */
export async function* readTar(archive: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const source = new ByteSource(archive);
  for (;;) {
    const header = await source.take(BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) return;
    const entry = readHeader(header);
    yield { ...entry, content: source.stream(entry.bytes) };
    await source.skip((BLOCK_BYTES - (entry.bytes % BLOCK_BYTES)) % BLOCK_BYTES);
  }
}

/** Writes with back pressure. */
export async function writeAll(chunks: AsyncIterable<Buffer>, file: WriteStream): Promise<void> {
  for await (const chunk of chunks) if (!file.write(chunk)) await once(file, 'drain');
  file.end();
  await once(file, 'close');
}

function headerOf(name: string, bytes: number, isExecutable: boolean): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const { prefix, rest } = split(name);
  header.write(rest, 0);
  header.write(`${octal(isExecutable ? 0o755 : 0o644, 7)}\0`, 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${octal(bytes, 11)}\0`, 124);
  header.write(`${octal(0, 11)}\0`, 136);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(prefix, 345);
  header.write(checksumOf(header), CHECKSUM_AT);
  return header;
}

function readHeader(header: Buffer): Omit<TarEntry, 'content'> {
  if (header.toString('latin1', CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES) !== checksumOf(header))
    throw cutOff();
  const text = (from: number, length: number): string =>
    header.toString('utf8', from, from + length).split('\0')[0] ?? '';
  const prefix = text(345, PREFIX_BYTES);
  const rest = text(0, NAME_BYTES);
  return {
    name: prefix === '' ? rest : `${prefix}/${rest}`,
    bytes: Number.parseInt(text(124, 12), 8),
    isExecutable: (Number.parseInt(text(100, 8), 8) & 0o100) !== 0,
  };
}

function split(name: string): { prefix: string; rest: string } {
  if (Buffer.byteLength(name) <= NAME_BYTES) return { prefix: '', rest: name };
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)];
    if (Buffer.byteLength(rest) <= NAME_BYTES && Buffer.byteLength(prefix) <= PREFIX_BYTES)
      return { prefix, rest };
  }
  throw new RangeError(`the name ${name} is too long for an archive`);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function checksumOf(header: Buffer): string {
  const blank = Buffer.from(header).fill(' ', CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES);
  return `${octal(
    blank.reduce((sum, byte) => sum + byte, 0),
    6,
  )}\0 `;
}

/** Takes so many bytes at a time from pieces of any size. */
class ByteSource {
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  async take(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.stream(bytes)) parts.push(part);
    return Buffer.concat(parts);
  }

  async skip(bytes: number): Promise<void> {
    await this.take(bytes);
  }

  async *stream(bytes: number): AsyncGenerator<Buffer> {
    let left = bytes;
    while (left > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#pieces.next();
        if (next.done === true) throw cutOff();
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}

function cutOff(): BudaoError {
  return new BudaoError(
    'conflict',
    'kit_damaged',
    'The kit is cut off or damaged: its archive cannot be read to its end. Copy it again, or take another one.',
  );
}
