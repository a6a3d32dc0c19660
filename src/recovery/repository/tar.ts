/**
 * Plain tar (POSIX ustar) of regular files whose names are the sha256 of their content. Only what such an archive
 * needs: names always fit, and there is nothing else in it.
 */
import { MAX_OBJECT_BYTES } from './limits.ts';

const BLOCK_BYTES = 512;
const NAME = /^[0-9a-f]{64}$/;
const NAME_BYTES = 64;
const SIZE_AT = 124;
const SIZE_BYTES = 11;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;
/** Made once: there is one header for each of perhaps a hundred thousand objects. */
const TEMPLATE = makeTemplate();
const TEMPLATE_SUM = sumOfTemplate();

/** After the last entry. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

export function tarHeader(name: string, bytes: number): Buffer {
  if (!NAME.test(name) || bytes > MAX_OBJECT_BYTES)
    throw new RangeError(`no entry for ${name} (${bytes} bytes)`);
  const header = Buffer.from(TEMPLATE);
  header.write(name, 0, 'latin1');
  header.write(octal(bytes), SIZE_AT, 'latin1');
  const sum = TEMPLATE_SUM + sumOf(header, 0, NAME_BYTES) + sumOf(header, SIZE_AT, SIZE_BYTES);
  header.write(sum.toString(8).padStart(6, '0'), CHECKSUM_AT, 'latin1');
  return header;
}

/** What stands between the end of a content and the next header. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** Of archives that `tarHeader` has made; anything else is an error. A content is whole, and valid until it is let go. */
export async function* readTar(
  archive: AsyncIterable<Buffer>,
): AsyncGenerator<{ name: string; content: Buffer }> {
  const source = new ByteSource(archive);
  for (;;) {
    const header = await source.take(BLOCK_BYTES);
    if (header.equals(TAR_END.subarray(0, BLOCK_BYTES))) break;
    const { name, bytes } = readHeader(header);
    const content = await source.take(bytes);
    await source.take(tarPadding(bytes).length);
    yield { name, content };
  }
  await source.requireEnd(BLOCK_BYTES);
}

function readHeader(header: Buffer): { name: string; bytes: number } {
  const name = header.toString('latin1', 0, 64);
  const bytes = Number.parseInt(header.toString('latin1', 124, 135), 8);
  if (!NAME.test(name) || !tarHeader(name, bytes).equals(header)) throw new RangeError('no entry of a pack');
  return { name, bytes };
}

function octal(value: number): string {
  return value.toString(8).padStart(11, '0');
}

/** All that is the same in every entry; its name, size and checksum are zeros. */
function makeTemplate(): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${octal(0)}\0`, 136, 'latin1');
  header.write('\0 ', CHECKSUM_AT + 6, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  return header;
}

/** A header's checksum is the sum of all its bytes, with the field itself taken as spaces. */
function sumOfTemplate(): number {
  const field = sumOf(TEMPLATE, CHECKSUM_AT, CHECKSUM_BYTES);
  return sumOf(TEMPLATE, 0, BLOCK_BYTES) - field + CHECKSUM_BYTES * 0x20;
}

function sumOf(bytes: Buffer, at: number, length: number): number {
  let sum = 0;
  for (let position = at; position < at + length; position++) sum += bytes[position] ?? 0;
  return sum;
}

/** Bytes of a stream in portions of the reader's choice. */
class ByteSource {
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#pieces = stream[Symbol.asyncIterator]();
  }

  async take(bytes: number): Promise<Buffer> {
    if (this.#rest.length < bytes) await this.#fill(bytes);
    const taken = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    return taken;
  }

  /** Nothing but so many zeros may be left. */
  async requireEnd(zeros: number): Promise<void> {
    const last = await this.take(zeros);
    const after = await this.#pieces.next();
    if (!last.every((byte) => byte === 0) || this.#rest.length > 0 || after.done !== true) {
      throw new RangeError('there is more behind the end of the archive');
    }
  }

  async #fill(bytes: number): Promise<void> {
    const pieces = [this.#rest];
    let held = this.#rest.length;
    while (held < bytes) {
      const next = await this.#pieces.next();
      if (next.done === true) throw new RangeError('the archive ends early');
      pieces.push(next.value);
      held += next.value.length;
    }
    this.#rest = Buffer.concat(pieces, held);
  }
}
