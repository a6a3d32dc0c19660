import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { BudaoError } from '../../contract/errors.ts';
import {
  LedgerBusyError,
  LedgerCorruptError,
  LedgerFullError,
  LedgerUnavailableError,
} from '../../ledger/errors.ts';
import type { Sql, SqlParams } from '../../ledger/ledger.ts';

/** Bounds the cache of prepared statements; the program has a few hundred distinct ones. */
const MAX_CACHED_STATEMENTS = 512;

/** One SQLite connection behind the portable Sql interface. */
export class SqliteConnection implements Sql {
  readonly database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, pragmas: readonly string[]) {
    this.database = new DatabaseSync(path, { timeout: 0 });
    for (const pragma of pragmas) this.database.exec(`PRAGMA ${pragma}`);
  }

  async all<Row>(statement: string, params: SqlParams = {}): Promise<Row[]> {
    return this.#attempt(() => this.#prepare(statement).all(params) as Row[]);
  }

  async get<Row>(statement: string, params: SqlParams = {}): Promise<Row | undefined> {
    return this.#attempt(() => this.#prepare(statement).get(params) as Row | undefined);
  }

  async run(statement: string, params: SqlParams = {}): Promise<{ changes: number }> {
    return this.#attempt(() => ({ changes: Number(this.#prepare(statement).run(params).changes) }));
  }

  close(): void {
    this.#statements.clear();
    if (this.database.isOpen) this.database.close();
  }

  #prepare(statement: string): StatementSync {
    let prepared = this.#statements.get(statement);
    if (prepared === undefined) {
      if (this.#statements.size >= MAX_CACHED_STATEMENTS) this.#statements.clear();
      prepared = this.database.prepare(statement);
      this.#statements.set(statement, prepared);
    }
    return prepared;
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw translateSqliteError(error) ?? error;
    }
  }
}

/** SQLite's primary result codes, https://www.sqlite.org/rescode.html */
const SQLITE = {
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
};
/** Extended codes of what fails on a full disk: writing to a journal, and making room for the shared memory file. */
const IOERR_WRITE = 778;
const IOERR_SHMSIZE = 4_874;

export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return Number(error.errcode);
}

export function isBusy(error: unknown): boolean {
  const primary = (sqliteCode(error) ?? 0) & 0xff;
  return primary === SQLITE.BUSY || primary === SQLITE.LOCKED;
}

/** The ledger's own error for an engine error; undefined for mistakes in the program. */
export function translateSqliteError(error: unknown): BudaoError | undefined {
  const code = sqliteCode(error);
  if (code === undefined) return undefined;
  switch (code & 0xff) {
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return new LedgerBusyError(0, error);
    case SQLITE.FULL:
      return new LedgerFullError(error);
    case SQLITE.IOERR:
      return code === IOERR_WRITE || code === IOERR_SHMSIZE
        ? new LedgerFullError(error)
        : new LedgerUnavailableError('The ledger file could not be read or written. Check the disk.', error);
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return new LedgerUnavailableError(
        'The ledger file cannot be written. Check that the service may write to its data folder.',
        error,
      );
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return new LedgerCorruptError(error);
    default:
      return undefined;
  }
}
