/**
 * Plain tar (POSIX ustar) of regular files whose names are the sha256 of their content. Only what such an archive
 * needs: names always fit, and there is nothing else in it.
 */
import { MAX_OBJECT_BYTES } from './limits.ts';

const BLOCK_BYTES = 512;
const NAME = /^[0-9a-f]{64}$/;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

/** After the last entry. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

export function tarHeader(name: string, bytes: number): Buffer {
  if (!NAME.test(name) || bytes > MAX_OBJECT_BYTES)
    throw new RangeError(`no entry for ${name} (${bytes} bytes)`);
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0, 'latin1');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${octal(bytes)}\0`, 124, 'latin1');
  header.write(`${octal(0)}\0`, 136, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(checksumOf(header), CHECKSUM_AT, 'latin1');
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

/** The sum of all bytes, with the field itself taken as spaces. */
function checksumOf(header: Buffer): string {
  let sum = CHECKSUM_BYTES * 0x20;
  for (const [position, byte] of header.entries()) {
    if (position < CHECKSUM_AT || position >= CHECKSUM_AT + CHECKSUM_BYTES) sum += byte;
  }
  return `${sum.toString(8).padStart(6, '0')}\0 `;
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
