import { crc32 } from 'node:zlib';
import { type Entry, fromBuffer, type ZipFile } from 'yauzl';
import type { ExtractionLimits } from './extracted-document.ts';
import { maxArchiveMembers, maxArchiveRatio, ratioCheckedFromBytes } from './limits.ts';
import { corruptDocument, encryptedDocument, unpacksTooLarge } from './refusals.ts';

/** A zip container read in memory, member by member; nothing is ever written, so member names are only keys. */
export class ZipArchive {
  readonly names: readonly string[];
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #maxUnpackedBytes: number;
  #unpackedBytes = 0;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>, maxUnpackedBytes: number) {
    this.#zip = zip;
    this.#entries = entries;
    this.#maxUnpackedBytes = maxUnpackedBytes;
    this.names = [...entries.keys()];
  }

  /** @throws BudaoError corrupt_document, encrypted_document, unpacks_too_large */
  static async open(bytes: Buffer, limits: Pick<ExtractionLimits, 'maxUnpackedBytes'>): Promise<ZipArchive> {
    const zip = await openZip(bytes);
    if (zip.entryCount > maxArchiveMembers) {
      throw unpacksTooLarge(`${zip.entryCount} members, at most ${maxArchiveMembers} are taken`);
    }
    const entries = await readDirectory(zip);
    checkDeclaredSizes([...entries.values()], bytes.length, limits.maxUnpackedBytes);
    return new ZipArchive(zip, entries, limits.maxUnpackedBytes);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The member's bytes as they inflate, or nothing if there is no such member. */
  async *chunks(name: string): AsyncGenerator<Buffer> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    let checksum = 0;
    try {
      const stream = await this.#zip.openReadStreamPromise(entry);
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        this.#count(chunk.length);
        checksum = crc32(chunk, checksum);
        yield chunk;
      }
    } catch (error) {
      throw zipError(error);
    }
    if (checksum !== entry.crc32) throw corruptDocument(`its part ${name} does not match its checksum`);
  }

  /** The whole member, or null if there is no such member. */
  async read(name: string): Promise<Buffer | null> {
    if (!this.has(name)) return null;
    const parts: Buffer[] = [];
    for await (const chunk of this.chunks(name)) parts.push(chunk);
    return Buffer.concat(parts);
  }

  #count(bytes: number): void {
    this.#unpackedBytes += bytes;
    if (this.#unpackedBytes > this.#maxUnpackedBytes) {
      throw unpacksTooLarge(`more than ${this.#maxUnpackedBytes} bytes`);
    }
  }
}

function openZip(bytes: Buffer): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    // Names are decoded here: yauzl would refuse the whole container for one odd name.
    fromBuffer(bytes, { lazyEntries: true, decodeStrings: false, autoClose: false }, (error, zip) => {
      if (error) reject(zipError(error));
      else resolve(zip);
    });
  });
}

function readDirectory(zip: ZipFile): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    zip.on('entry', (entry: Entry) => {
      const name = (entry.fileName as unknown as Buffer)
        .toString('utf8')
        .replaceAll('\\', '/')
        .replace(/^\/+/u, '');
      if (!entries.has(name)) entries.set(name, entry);
      zip.readEntry();
    });
    zip.once('end', () => resolve(entries));
    zip.once('error', (error: Error) => reject(zipError(error)));
    zip.readEntry();
  });
}

function checkDeclaredSizes(entries: readonly Entry[], packedBytes: number, maxUnpackedBytes: number): void {
  if (entries.some((entry) => entry.isEncrypted())) throw encryptedDocument();
  const declared = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
  if (declared > maxUnpackedBytes) {
    throw unpacksTooLarge(`${declared} bytes, at most ${maxUnpackedBytes} are taken`);
  }
  if (declared > ratioCheckedFromBytes && declared > packedBytes * maxArchiveRatio) {
    throw unpacksTooLarge(`${Math.round(declared / packedBytes)} times its size`);
  }
}

function zipError(error: unknown): Error {
  if (error instanceof Error && error.name === 'BudaoError') return error;
  const detail = error instanceof Error ? error.message : String(error);
  return corruptDocument(`its zip container cannot be read (${detail})`, error);
}
