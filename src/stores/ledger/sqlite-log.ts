/**
 * Reads what all processes commit to a SQLite ledger from its write-ahead log. A read transaction is open all the time:
 * without one the log could be begun anew before it was read. It either holds a mark in the log, and then the log is not
 * begun anew; or it began when the whole log was in the database file, and then nothing more is copied there before the
 * next one, so that a new log continues exactly what was read. Each look begins the next transaction before it ends
 * the last. What SQLite says of its last frame is compared with what was read, so that a mistake cannot stay unseen.
 *
 * For a process of its own that opens the ledger once and ends with it: SQLite's locks belong to the process, and closing
 * any other descriptor of the same files would take them away.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { BudaoError } from '../../contract/errors.ts';
import type { LedgerLog, LogChanges, LogPicture, NamedDocument } from '../../recovery/stream/ports.ts';
import { isBusy, SqliteConnection, translateSqliteError } from './sqlite-connection.ts';
import { openLogPicture } from './sqlite-log-picture.ts';
import {
  type Checksum,
  FRAME_HEADER_BYTES,
  LOG_HEADER_BYTES,
  readLogFrame,
  readLogHeader,
} from './sqlite-wal.ts';
import { type LogIndex, readLogIndex } from './sqlite-wal-index.ts';

const PRAGMAS = ['busy_timeout = 0', 'query_only = ON', 'cache_size = -2000'];
const CHECKPOINT_PRAGMAS = [
  'busy_timeout = 0',
  'synchronous = FULL',
  'wal_autocheckpoint = 0',
  'cache_size = -2000',
];
/** Frames that are read at once. */
const FRAMES_AT_ONCE = 256;
/** Looks for a moment at which nobody commits; then the last is taken as it is. */
const ATTEMPTS = 50;

export interface LogLimits {
  /** What is copied into the database file once, not after every commit. */
  longFrames: number;
  /** From here on writers wait some milliseconds, so that the log can be begun anew. */
  tooLongFrames: number;
}
/** 32 and 96 MiB. */
const LIMITS: LogLimits = { longFrames: 8_000, tooLongFrames: 24_000 };

const NONE: Checksum = [0, 0];

interface Position {
  salt: string;
  frames: number;
  checksum: Checksum;
}

/** @throws BudaoError ledger_unavailable, ledger_corrupt */
export function openSqliteLog(path: string, now: () => number, limits: LogLimits = LIMITS): SqliteLog {
  try {
    return new SqliteLog(path, now, limits);
  } catch (error) {
    throw translateSqliteError(error) ?? error;
  }
}

export class SqliteLog implements LedgerLog {
  readonly pageBytes: number;
  readonly #path: string;
  readonly #now: () => number;
  readonly #limits: LogLimits;
  readonly #database: number;
  readonly #index: number;
  readonly #identity: string;
  readonly #checkpointer: SqliteConnection;
  #anchor: SqliteConnection;
  #spare: SqliteConnection;
  #log: number | null = null;
  #position: Position;
  /** Read while the log was being shortened, and not handed out yet. */
  #held = new Map<number, Buffer>();
  #databasePages = 0;

  constructor(path: string, now: () => number, limits: LogLimits) {
    this.#limits = limits;
    this.#path = path;
    this.#now = now;
    using cleanup = new DisposableStack();
    const open = (pragmas: readonly string[]): SqliteConnection =>
      cleanup.adopt(new SqliteConnection(path, pragmas), (connection) => connection.close());
    this.#anchor = open(PRAGMAS);
    this.#spare = open(PRAGMAS);
    this.#checkpointer = open(CHECKPOINT_PRAGMAS);
    this.pageBytes = Number(this.#anchor.database.prepare('PRAGMA page_size').get()?.page_size);
    begin(this.#anchor);
    // Never closed before the connections are, see above.
    this.#database = openSync(path, 'r');
    this.#index = openSync(`${path}-shm`, 'r');
    this.#identity = identityOf(path);
    const index = this.#readIndex();
    this.#position = { salt: index.salt, frames: 0, checksum: NONE };
    // What is in the log already belongs to the first picture.
    this.#readTo(index);
    this.#held.clear();
    cleanup.move();
  }

  take(): LogChanges {
    const since = this.#now();
    this.#advance();
    return this.#changes(since);
  }

  takeWithPicture(): { changes: LogChanges; picture: LogPicture } {
    const since = this.#now();
    const connection = new SqliteConnection(this.#path, PRAGMAS);
    try {
      const { backfilled, frames } = this.#advance(connection);
      const changes = this.#changes(since);
      const picture = openLogPicture({
        connection,
        database: this.#database,
        log: this.#openLog(),
        pageBytes: this.pageBytes,
        databasePages: changes.databasePages,
        frames: { from: backfilled, to: frames },
        since,
        until: changes.until,
      });
      return { changes, picture };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  documentsOf(sha256s: readonly string[]): NamedDocument[] {
    const statement = this.#anchor.database.prepare(
      `SELECT sha256, bytes, CASE WHEN deleted_at IS NULL THEN filename END AS filename, id
       FROM document WHERE sha256 IN (SELECT value FROM json_each(?))`,
    );
    return statement.all(JSON.stringify(sha256s)) as unknown as NamedDocument[];
  }

  keepShort(): void {
    if (this.#readIndex().frames < this.#limits.longFrames) return;
    this.#checkpoint();
    if (this.#beginAnew() || this.#readIndex().frames < this.#limits.tooLongFrames) return;
    const writer = new SqliteConnection(this.#path, ['busy_timeout = 0']);
    try {
      writer.database.exec('BEGIN IMMEDIATE');
      this.#beginAnew();
      writer.database.exec('ROLLBACK');
    } catch (error) {
      // The next look tries again.
      if (!isBusy(error)) throw error;
    } finally {
      writer.close();
    }
  }

  [Symbol.dispose](): void {
    for (const connection of [this.#anchor, this.#spare, this.#checkpointer]) connection.close();
    for (const file of [this.#log, this.#index, this.#database]) if (file !== null) closeSync(file);
  }

  /** @returns whether whoever writes next may begin the log anew */
  #beginAnew(): boolean {
    this.#advance();
    this.#checkpoint();
    const { backfilled, frames } = this.#readIndex();
    if (backfilled < frames) return false;
    this.#advance();
    return true;
  }

  #checkpoint(): void {
    this.#checkpointer.database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
  }

  #changes(since: number): LogChanges {
    const pages = this.#held;
    this.#held = new Map();
    return { pages, databasePages: this.#databasePages, since, until: this.#now() };
  }

  /**
   * The next transaction begins, what it sees is read, and only then the last one ends.
   *
   * @param picture begins at the very same state
   * @returns the state that is now read
   */
  #advance(picture: SqliteConnection | null = null): LogIndex {
    const connections = picture === null ? [this.#spare] : [this.#spare, picture];
    let index = this.#readIndex();
    for (let attempt = 1; ; attempt++) {
      for (const connection of connections) begin(connection);
      const after = this.#readIndex();
      const isExact = after.identity === index.identity;
      // What was in the file before they began is in it now.
      index = { ...after, backfilled: isExact ? index.backfilled : after.backfilled };
      if (isExact || (attempt === ATTEMPTS && picture === null)) break;
      for (const connection of connections) end(connection);
      if (attempt === ATTEMPTS) throw broken('it was written to without a pause');
    }
    this.#readTo(index);
    end(this.#anchor);
    [this.#anchor, this.#spare] = [this.#spare, this.#anchor];
    return index;
  }

  #readTo(index: LogIndex): void {
    const isNew = index.salt !== this.#position.salt;
    const position = isNew ? { salt: index.salt, frames: 0, checksum: NONE } : this.#position;
    if (index.frames < position.frames) throw broken('it has become shorter');
    const checksum = this.#readFrames(position, index);
    const isSame = checksum[0] === index.checksum[0] && checksum[1] === index.checksum[1];
    if (index.frames > 0 && !isSame) throw broken('it holds something else than was read');
    this.#position = { salt: index.salt, frames: index.frames, checksum };
    const isInFile = index.frames === 0 || index.databasePages === 0;
    this.#databasePages = isInFile ? fstatSync(this.#database).size / this.pageBytes : index.databasePages;
  }

  /** @returns the checksum of the last frame */
  #readFrames(position: Position, index: LogIndex): Checksum {
    if (index.frames === position.frames) return position.checksum;
    const log = this.#openLog();
    const header = readLogHeader(readAt(log, 0, LOG_HEADER_BYTES));
    if (header?.salt !== index.salt || header.pageBytes !== this.pageBytes)
      throw broken('its beginning is damaged');
    const frameBytes = FRAME_HEADER_BYTES + this.pageBytes;
    let checksum = position.frames === 0 ? header.checksum : position.checksum;
    for (let first = position.frames; first < index.frames; first += FRAMES_AT_ONCE) {
      const count = Math.min(FRAMES_AT_ONCE, index.frames - first);
      const bytes = readAt(log, LOG_HEADER_BYTES + first * frameBytes, count * frameBytes);
      for (let at = 0; at < count; at++) {
        const frame = readLogFrame(bytes.subarray(at * frameBytes), header, checksum);
        if (frame === null) throw broken(`its frame ${first + at + 1} is damaged`);
        checksum = frame.checksum;
        this.#held.set(frame.page, Buffer.from(frame.content));
      }
    }
    return checksum;
  }

  #readIndex(): LogIndex {
    if (identityOf(this.#path) !== this.#identity) throw broken('another file stands in its place');
    const index = readLogIndex(this.#index);
    if (index === null) throw broken('nobody says how far it is written');
    return index;
  }

  /** Holds no locks, so that it may be closed and opened; it is there as long as the database is open. */
  #openLog(): number {
    return (this.#log ??= openSync(`${this.#path}-wal`, 'r'));
  }
}

function begin({ database }: SqliteConnection): void {
  database.exec('BEGIN');
  // The first read is what fixes the moment.
  database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get();
}

function end({ database }: SqliteConnection): void {
  if (database.isTransaction) database.exec('COMMIT');
}

function readAt(file: number, position: number, bytes: number): Buffer {
  const read = Buffer.alloc(bytes);
  return read.subarray(0, readSync(file, read, 0, bytes, position));
}

function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (found === undefined) throw broken('its file is gone');
  return `${found.dev} ${found.ino}`;
}

function broken(why: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'ledger_log_broken',
    `The ledger's log cannot be followed further: ${why}. What was shipped stays; shipping begins again with a whole copy.`,
  );
}
