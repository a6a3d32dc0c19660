import { existsSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import { LedgerBusyError, LedgerUnavailableError } from '../../ledger/errors.ts';
import type { Ledger, Sql, SqlParams, TransactionOptions } from '../../ledger/ledger.ts';
import { isBusy, SqliteConnection, translateSqliteError } from './sqlite-connection.ts';
import { SqliteLogSync } from './sqlite-log-sync.ts';
import { isMigrated, migrateSqlite } from './sqlite-migrate.ts';
import { ledgerFileGone, notTheLedger, SqlitePlace } from './sqlite-place.ts';

/** How long a transaction waits for another process's lock before it gives up. */
const LOCK_DEADLINE_MS = 5_000;
/** Turns of the event loop to try before sleeping: a commit usually takes less than one millisecond. */
const LOCK_SPINS = 4;
const MAX_TRANSACTIONS_PER_COMMIT = 256;

/** 32 MiB: pages that change in every commit are copied into the main file once for many commits, not for a few. */
const CHECKPOINT_PAGES = 8_000;
/** 256 MiB, where somebody else copies them, who reads the log first: for when that one is gone. */
const LATE_CHECKPOINT_PAGES = 64_000;
const WRITER_PRAGMAS = [
  'journal_mode = WAL',
  'synchronous = FULL',
  'temp_store = MEMORY',
  'cache_size = -16000',
];
const READER_PRAGMAS = [
  'busy_timeout = 2000',
  'query_only = ON',
  'temp_store = MEMORY',
  'cache_size = -16000',
];

/** What a job has come to, told in two steps once its batch is committed. */
interface Outcome {
  show(): void;
  settle(): void;
}

interface Job {
  relaxed: boolean;
  onVisible: ((value: unknown) => void) | undefined;
  work: (tx: Sql) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * Opens the ledger file, and brings its schema up to date.
 *
 * @throws BudaoError data_folder_newer, storage_full, ledger_unavailable, ledger_corrupt
 */
export async function openSqliteLedger(options: {
  path: string;
  /** False where a ledger has been before: an empty one would hide that it is gone. */
  mayCreate?: boolean;
  /** Somebody follows the log and keeps it short. */
  isFollowed?: boolean;
}): Promise<Ledger> {
  const { path, mayCreate = true, isFollowed = false } = options;
  if (!mayCreate && !existsSync(path)) throw ledgerFileGone(path);
  const checkpointPages = isFollowed ? LATE_CHECKPOINT_PAGES : CHECKPOINT_PAGES;
  const files = await openFiles(path, checkpointPages, (writer) => migrateSqlite(writer.database));
  return new SqliteLedger(path, files, checkpointPages);
}

interface Files extends Disposable {
  writer: SqliteConnection;
  reader: SqliteConnection;
}

async function openFiles(
  path: string,
  checkpointPages: number,
  prepare: (writer: SqliteConnection) => void,
): Promise<Files> {
  using cleanup = new DisposableStack();
  const open = (pragmas: readonly string[]): SqliteConnection =>
    cleanup.adopt(new SqliteConnection(path, pragmas), (connection) => connection.close());
  try {
    const writer = await retryWhileBusy(() =>
      open([...WRITER_PRAGMAS, `wal_autocheckpoint = ${checkpointPages}`]),
    );
    await retryWhileBusy(() => prepare(writer));
    const reader = open(READER_PRAGMAS);
    const owned = cleanup.move();
    return { writer, reader, [Symbol.dispose]: () => owned.dispose() };
  } catch (error) {
    throw translateSqliteError(error) ?? error;
  }
}

class SqliteLedger implements Ledger {
  readonly read: Sql;
  readonly #path: string;
  readonly #checkpointPages: number;
  readonly #place: SqlitePlace;
  #files: Files;
  #logSync: SqliteLogSync;
  #reopening: Promise<void> | null = null;
  #continuity = 0;
  #queue: Job[] = [];
  #flushing: Promise<void> | null = null;
  #closed = false;
  #synced = true;

  constructor(path: string, files: Files, checkpointPages: number) {
    this.#path = path;
    this.#checkpointPages = checkpointPages;
    this.#files = files;
    this.#place = new SqlitePlace(path);
    this.#logSync = new SqliteLogSync(path);
    this.read = {
      all: async (statement, params) => (await this.#reader()).all(statement, params),
      get: async (statement, params) => (await this.#reader()).get(statement, params),
      run: async (statement, params) => (await this.#reader()).run(statement, params),
    };
  }

  /** The file outlives every process that uses it, and a power cut ends them all; but a copy of it may be put back. */
  get continuity(): number {
    return this.#continuity;
  }

  transaction<T>(
    work: (tx: Sql) => Promise<T>,
    { relaxed = false, onVisible }: TransactionOptions<T> = {},
  ): Promise<T> {
    if (this.#closed) return Promise.reject(new LedgerUnavailableError('The ledger is closed.'));
    return new Promise<T>((resolve, reject) => {
      const tell = { onVisible, resolve } as Pick<Job, 'onVisible' | 'resolve'>;
      this.#queue.push({ relaxed, work, reject, ...tell });
      this.#flushing ??= this.#flush();
    });
  }

  async checkIntegrity(): Promise<string[]> {
    const rows = await this.read.all<{ integrity_check: string }>('PRAGMA integrity_check(50)');
    return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#reopening?.catch(() => {});
    await this.#logSync[Symbol.asyncDispose]();
    this.#files[Symbol.dispose]();
  }

  async #reader(): Promise<SqliteConnection> {
    if (!this.#place.isSame()) await this.#reopen();
    return this.#files.reader;
  }

  /** A copy of the ledger has been put in its place, or a program that knows none has made a file of its own. */
  #reopen(): Promise<void> {
    this.#reopening ??= this.#useFileInPlace().finally(() => (this.#reopening = null));
    return this.#reopening;
  }

  async #useFileInPlace(): Promise<void> {
    const files = await openFiles(this.#path, this.#checkpointPages, ({ database }) => {
      if (!isMigrated(database)) throw notTheLedger(this.#path);
    });
    this.#place.accept();
    this.#files[Symbol.dispose]();
    this.#files = files;
    await this.#logSync[Symbol.asyncDispose]();
    this.#logSync = new SqliteLogSync(this.#path);
    this.#synced = true;
    this.#continuity += 1;
  }

  /** Commits whatever has gathered by the end of this turn of the event loop, until nothing is left. */
  async #flush(): Promise<void> {
    await nextTurn();
    while (this.#queue.length > 0) {
      const jobs = this.#queue.splice(0, MAX_TRANSACTIONS_PER_COMMIT);
      await this.#commit(jobs);
      if (this.#queue.length > 0) await nextTurn();
    }
    this.#flushing = null;
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    try {
      if (!this.#place.isSame()) await this.#reopen();
    } catch (error) {
      for (const job of jobs) job.reject(error);
      return;
    }
    const { database } = this.#files.writer;
    const outcomes: Outcome[] = [];
    const isRelaxed = jobs.every((job) => job.relaxed);
    // Others may begin while the disk is being waited for.
    const syncsApart = !isRelaxed && jobs.every((job) => job.relaxed || job.onVisible !== undefined);
    try {
      this.#syncAtCommit(!isRelaxed && !syncsApart);
      await retryWhileBusy(() => database.exec('BEGIN IMMEDIATE'));
      for (const job of jobs) outcomes.push(await this.#runInSavepoint(job));
      database.exec('COMMIT');
      for (const outcome of outcomes) outcome.show();
      if (syncsApart) await this.#logSync.sync();
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      const reason = translateSqliteError(error) ?? error;
      for (const job of jobs) job.reject(reason);
      return;
    }
    for (const outcome of outcomes) outcome.settle();
  }

  /** Without it the next commit that is synced makes this one durable too: the log is one file. */
  #syncAtCommit(sync: boolean): void {
    if (sync === this.#synced) return;
    this.#files.writer.database.exec(`PRAGMA synchronous = ${sync ? 'FULL' : 'NORMAL'}`);
    this.#synced = sync;
  }

  /** Nothing is told before the whole batch is committed. */
  async #runInSavepoint(job: Job): Promise<Outcome> {
    const { database } = this.#files.writer;
    const tx = new TransactionSql(this.#files.writer);
    database.exec('SAVEPOINT job');
    try {
      const value = await withoutLeavingTheTurn(job.work(tx));
      tx.close();
      database.exec('RELEASE job');
      return { show: () => hint(job.onVisible, value), settle: () => job.resolve(value) };
    } catch (error) {
      tx.close();
      // A full disk or an I/O error rolls everything back by itself: then the whole batch has failed.
      if (!database.isTransaction) throw error;
      database.exec('ROLLBACK TO job; RELEASE job');
      return { show: () => {}, settle: () => job.reject(error) };
    }
  }
}

/** What is committed stays so, whatever becomes of a hint. */
function hint(onVisible: Job['onVisible'], value: unknown): void {
  try {
    onVisible?.(value);
  } catch {
    // Whoever would have heard it looks into the ledger by and by.
  }
}

class TransactionSql implements Sql {
  readonly #connection: SqliteConnection;
  #open = true;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async all<Row>(statement: string, params?: SqlParams): Promise<Row[]> {
    return this.#use().all<Row>(statement, params);
  }

  async get<Row>(statement: string, params?: SqlParams): Promise<Row | undefined> {
    return this.#use().get<Row>(statement, params);
  }

  async run(statement: string, params?: SqlParams): Promise<{ changes: number }> {
    return this.#use().run(statement, params);
  }

  close(): void {
    this.#open = false;
  }

  #use(): SqliteConnection {
    if (!this.#open)
      throw new BudaoError('internal', 'transaction_closed', 'The transaction has already ended.');
    return this.#connection;
  }
}

/** All processes wait for the lock that a transaction holds, so it may await nothing but its own statements. */
async function withoutLeavingTheTurn<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Immediate | undefined;
  const turnEnded = new Promise<never>((_, reject) => {
    timer = setImmediate(() => {
      reject(
        new BudaoError(
          'internal',
          'transaction_awaited',
          'A transaction awaited something else than its tx.',
        ),
      );
    });
  });
  try {
    return await Promise.race([work, turnEnded]);
  } finally {
    clearImmediate(timer);
  }
}

/** Random short waits instead of SQLite's own busy timeout, under which writers starve one another for seconds. */
async function retryWhileBusy<T>(work: () => T): Promise<T> {
  const startedMs = performance.now();
  for (let attempt = 0; ; attempt++) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      const waitedMs = performance.now() - startedMs;
      if (waitedMs > LOCK_DEADLINE_MS) throw new LedgerBusyError(waitedMs, error);
      if (attempt < LOCK_SPINS) await nextTurn();
      else await sleep(1 + Math.random() * 4);
    }
  }
}
