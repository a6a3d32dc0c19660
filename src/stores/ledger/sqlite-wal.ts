/** The write-ahead log of SQLite as it lies on disk: https://www.sqlite.org/fileformat2.html#the_write_ahead_log */

import { endianness } from 'node:os';

const MAGIC_LITTLE_ENDIAN = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;
const VERSION = 3_007_000;
export const LOG_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;

const IS_BIG_ENDIAN_HERE = endianness() === 'BE';

/** Two running sums, each of 32 bits. */
export type Checksum = readonly [number, number];

export interface LogHeader {
  pageBytes: number;
  /** Eight bytes that each beginning of the log chooses anew, as hex. */
  salt: string;
  checksum: Checksum;
  isBigEndian: boolean;
}

export interface LogFrame {
  page: number;
  /** Of the whole database in pages, where a transaction ends with this frame; else 0. */
  databasePages: number;
  content: Buffer;
  checksum: Checksum;
}

/** @returns null for what is none, or is just being written */
export function readLogHeader(bytes: Buffer): LogHeader | null {
  if (bytes.length < LOG_HEADER_BYTES) return null;
  const magic = bytes.readUInt32BE(0);
  const isBigEndian = magic === MAGIC_BIG_ENDIAN;
  if (!isBigEndian && magic !== MAGIC_LITTLE_ENDIAN) return null;
  if (bytes.readUInt32BE(4) !== VERSION) return null;
  const checksum = addToChecksum([0, 0], bytes.subarray(0, 24), isBigEndian);
  if (!isStoredAt(bytes, 24, checksum)) return null;
  return { pageBytes: bytes.readUInt32BE(8), salt: bytes.toString('hex', 16, 24), checksum, isBigEndian };
}

/** @returns null where no whole frame of this log follows the one with `before` as its checksum */
export function readLogFrame(bytes: Buffer, header: LogHeader, before: Checksum): LogFrame | null {
  if (bytes.length < FRAME_HEADER_BYTES + header.pageBytes) return null;
  if (bytes.toString('hex', 8, 16) !== header.salt) return null;
  const content = bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + header.pageBytes);
  const begun = addToChecksum(before, bytes.subarray(0, 8), header.isBigEndian);
  const checksum = addToChecksum(begun, content, header.isBigEndian);
  if (!isStoredAt(bytes, 16, checksum)) return null;
  return { page: bytes.readUInt32BE(0), databasePages: bytes.readUInt32BE(4), content, checksum };
}

/** Takes pairs of words; the length is a multiple of eight bytes. */
function addToChecksum([first, second]: Checksum, bytes: Buffer, isBigEndian: boolean): Checksum {
  let left = first | 0;
  let right = second | 0;
  const words = wordsOf(bytes, isBigEndian);
  for (let at = 0; at < words.length; at += 2) {
    left = (left + (words[at] as number) + right) | 0;
    right = (right + (words[at + 1] as number) + left) | 0;
  }
  return [left >>> 0, right >>> 0];
}

/** Without a copy where the machine and the log agree, which is nearly always. */
function wordsOf(bytes: Buffer, isBigEndian: boolean): Int32Array {
  if (isBigEndian === IS_BIG_ENDIAN_HERE && bytes.byteOffset % 4 === 0)
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const words = new Int32Array(bytes.length / 4);
  for (let word = 0; word < words.length; word++)
    words[word] = isBigEndian ? bytes.readInt32BE(word * 4) : bytes.readInt32LE(word * 4);
  return words;
}

function isStoredAt(bytes: Buffer, at: number, [left, right]: Checksum): boolean {
  return bytes.readUInt32BE(at) === left && bytes.readUInt32BE(at + 4) === right;
}
