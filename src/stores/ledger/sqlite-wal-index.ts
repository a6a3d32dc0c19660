/**
 * What the processes of a SQLite database tell one another of its log, in its file `-shm`:
 * https://www.sqlite.org/walformat.html#the_wal_index_file_format
 */
import { readSync } from 'node:fs';
import { endianness } from 'node:os';
import type { Checksum } from './sqlite-wal.ts';

const HEADER_BYTES = 48;
const BACKFILLED_AT = 96;
const READ_BYTES = 100;
const ATTEMPTS = 1_000;

export interface LogIndex {
  /** Changes with every commit and every new beginning of the log. */
  identity: string;
  salt: string;
  /** Frames that are committed, counted from the log's beginning. */
  frames: number;
  databasePages: number;
  /** Of the last committed frame. */
  checksum: Checksum;
  /** How many of them are in the database file already. */
  backfilled: number;
}

/**
 * @param file open for reading as long as this process has the database open: closing it would take away its locks
 * @returns null where nobody has written since the log was begun, or somebody is writing without an end
 */
export function readLogIndex(file: number): LogIndex | null {
  const bytes = Buffer.alloc(READ_BYTES);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (readSync(file, bytes, 0, READ_BYTES, 0) < READ_BYTES) return null;
    // Written twice, one after the other: when both are the same, neither is half written.
    const first = bytes.subarray(0, HEADER_BYTES);
    if (first.equals(bytes.subarray(HEADER_BYTES, 2 * HEADER_BYTES)))
      return first[12] === 0 ? null : parse(bytes);
  }
  return null;
}

function parse(bytes: Buffer): LogIndex {
  const number = (at: number): number =>
    endianness() === 'LE' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  return {
    identity: bytes.toString('hex', 0, HEADER_BYTES),
    salt: bytes.toString('hex', 32, 40),
    frames: number(16),
    databasePages: number(20),
    checksum: [number(24), number(28)],
    backfilled: number(BACKFILLED_AT),
  };
}
