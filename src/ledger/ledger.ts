/**
 * The ledger port: durable rows in portable SQL.
 *
 * Every engine behind it (SQLite, PostgreSQL) accepts the same statements: named parameters `:name`,
 * `ON CONFLICT`, `RETURNING`, text, integer, real and null values, times as integer milliseconds, JSON as text.
 * Row locks, which one engine needs and the other does not know, stand in an SQL comment that
 * begins with `postgres:`.
 */
export type SqlValue = string | number | null;
export type SqlParams = Readonly<Record<string, SqlValue>>;
export type SqlRow = Record<string, SqlValue>;

export interface Sql {
  /** All rows of a query. */
  all<Row = SqlRow>(statement: string, params?: SqlParams): Promise<Row[]>;
  /** The first row, or undefined. */
  get<Row = SqlRow>(statement: string, params?: SqlParams): Promise<Row | undefined>;
  /** Executes a change and says how many rows it touched. */
  run(statement: string, params?: SqlParams): Promise<{ changes: number }>;
}

export interface TransactionOptions<T> {
  relaxed?: boolean;
  onVisible?: (value: T) => void;
}

export interface Ledger extends AsyncDisposable {
  /**
   * As long as it stays the same, the engine remembers everything that it has acknowledged. When it has changed, a server
   * may have crashed or failed over, and what was relaxed or not yet replicated may be gone: look before you trust what
   * you knew. Current as soon as a transaction's work begins.
   */
  readonly continuity: number;
  /** Reads committed state. Never waits for a writer. */
  readonly read: Sql;
  /**
   * Runs `work` atomically. When the promise resolves, its writes are on durable storage.
   * Transactions that are waiting at the same time share one commit; one that throws is rolled back alone.
   * `work` awaits nothing but `tx`: a write lock is held meanwhile. It may be run again from its beginning, when the
   * engine gave it up for another transaction or lost its server before the commit: only the last run counts.
   * A `relaxed` one is atomic and survives the death of any process, but a power cut may undo it as long as no
   * ordinary transaction has followed: for what nobody was told of, such as a claim or a lease.
   * `onVisible` is called once the writes are committed for every process to read, which may be before they are on
   * durable storage: for hints to others, whose own writes become durable no sooner than these. Never for what failed.
   *
   * @throws LedgerBusyError when the lock could not be had in time
   * @throws LedgerFullError when the disk is full
   */
  transaction<T>(work: (tx: Sql) => Promise<T>, options?: TransactionOptions<T>): Promise<T>;
  /** Checks the engine's own integrity; returns the problems found. */
  checkIntegrity(): Promise<string[]>;
}
