import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import { LedgerUnavailableError } from '../../ledger/errors.ts';
import type { Ledger, Sql, SqlParams, TransactionOptions } from '../../ledger/ledger.ts';
import { readPostgresAddress } from './postgres-address.ts';
import { DatabaseClock } from './postgres-clock.ts';
import { PostgresConnector } from './postgres-connect.ts';
import { CommitLostError, type PostgresConnection } from './postgres-connection.ts';
import { isConnectionLost, isSacrificed, translatePostgresError } from './postgres-errors.ts';
import { examinePostgres, type IntegrityReport } from './postgres-integrity.ts';
import { migratePostgres, requireSchema } from './postgres-migrate.ts';
import { outcomeOf } from './postgres-outcome.ts';
import { PostgresPool } from './postgres-pool.ts';
import { PostgresPulse } from './postgres-pulse.ts';

/** Beside these, each process has one more connection for the clock. */
const DEFAULT_CONNECTIONS = 10;
const RESERVED_FOR_READS = 2;
/** A restart of the server is waited for; a longer outage is told at once. */
const DEFAULT_OUTAGE_PATIENCE_MS = 5_000;
/** Between them the work is done again, at a random distance, so that the two that collided do not meet again. */
const MAX_SACRIFICES = 8;
const MAX_LOST_CONNECTIONS = 3;
const SACRIFICE_DELAY_MS = 4;

export interface PostgresLedgerOptions {
  /** `postgres://user@host,other-host/database?sslmode=verify-full&sslrootcert=…`; see postgres-address.ts */
  url: string;
  /** A file with the password alone, read anew at each connect. Null: it is in the URL, or none is asked for. */
  passwordPath?: string | null;
  /** At least three. */
  maxConnections?: number;
  outagePatienceMs?: number;
  /**
   * Transactions that call themselves relaxed do not wait for the disk. A crash of the server, and a fail-over, may then
   * undo a claim whose worker lives on: only for callers who look at `continuity` before they trust what they knew.
   */
  relaxedCommits?: boolean;
  /** Brings the schema up to date first. Otherwise a schema of another version is refused. */
  migrate?: boolean;
}

/**
 * Opens the ledger in a PostgreSQL database.
 *
 * @throws BudaoError ledger_address_invalid, ledger_unavailable, ledger_read_only, ledger_login_refused,
 *   ledger_database_missing, ledger_without_rights, ledger_too_old, ledger_crowded, ledger_not_migrated, data_folder_newer
 */
export async function openPostgresLedger(options: PostgresLedgerOptions): Promise<PostgresLedger> {
  const connector = new PostgresConnector(readPostgresAddress(options.url), options.passwordPath ?? null);
  await using cleanup = new AsyncDisposableStack();
  try {
    if (options.migrate === true) await inOwnSession(connector, migratePostgres);
    const ledger = cleanup.use(new PostgresLedger(connector, options));
    await ledger.start();
    cleanup.move();
    return ledger;
  } catch (error) {
    throw translatePostgresError(error) ?? error;
  }
}

/** Brings the schema up to date, alone. @throws BudaoError as openPostgresLedger */
export async function migratePostgresLedger(
  options: Pick<PostgresLedgerOptions, 'url' | 'passwordPath'>,
): Promise<{ from: number; to: number }> {
  const connector = new PostgresConnector(readPostgresAddress(options.url), options.passwordPath ?? null);
  try {
    return await inOwnSession(connector, migratePostgres);
  } catch (error) {
    throw translatePostgresError(error) ?? error;
  }
}

export class PostgresLedger implements Ledger {
  readonly read: Sql;
  readonly #connector: PostgresConnector;
  readonly #pool: PostgresPool;
  readonly #clock = new DatabaseClock();
  readonly #relaxedCommits: boolean;
  readonly #pulse: PostgresPulse;

  constructor(connector: PostgresConnector, options: PostgresLedgerOptions) {
    const connect = () => connector.connect();
    this.#connector = connector;
    this.#relaxedCommits = options.relaxedCommits ?? false;
    const pool = new PostgresPool({
      connect,
      maxConnections: Math.max(options.maxConnections ?? DEFAULT_CONNECTIONS, RESERVED_FOR_READS + 1),
      reservedForReads: RESERVED_FOR_READS,
      outagePatienceMs: options.outagePatienceMs ?? DEFAULT_OUTAGE_PATIENCE_MS,
    });
    this.#pool = pool;
    this.#pulse = new PostgresPulse({
      connect,
      clock: this.#clock,
      onBeat: () => pool.trim(),
      onSilence: (reason) => pool.dropAll(reason),
    });
    this.read = {
      all: <Row>(statement: string, params?: SqlParams) =>
        this.#read((connection) => connection.all<Row>(statement, params)),
      get: <Row>(statement: string, params?: SqlParams) =>
        this.#read((connection) => connection.get<Row>(statement, params)),
      run: (statement, params) => this.#read((connection) => connection.run(statement, params)),
    };
  }

  /** Connects, learns the database's time, and checks the schema. */
  async start(): Promise<void> {
    await this.#pulse.start();
    await requireSchema(this.read);
  }

  /**
   * `work` is run again when the server sacrificed it to another transaction, or was lost before its commit: what it
   * does outside of `tx` must bear that.
   *
   * @throws BudaoError ledger_unavailable when the servers are away, or when a commit's outcome could not be learned
   */
  async transaction<T>(
    work: (tx: Sql) => Promise<T>,
    { relaxed = false, onVisible }: TransactionOptions<T> = {},
  ): Promise<T> {
    const value = await this.#attempt(work, relaxed);
    onVisible?.(value);
    return value;
  }

  async #attempt<T>(work: (tx: Sql) => Promise<T>, relaxed: boolean): Promise<T> {
    for (let sacrifices = 0, lost = 0; ; ) {
      const attempt = new Attempt(work, relaxed && this.#relaxedCommits);
      try {
        return await this.#pool.use(true, (connection) => attempt.run(connection));
      } catch (error) {
        const reason = attempt.failure ?? error;
        if (reason instanceof CommitLostError && (await this.#wasCommitted(reason)))
          return attempt.value as T;
        if (isConnectionLost(reason) && lost < MAX_LOST_CONNECTIONS) {
          lost += 1;
        } else if (isSacrificed(reason) && sacrifices < MAX_SACRIFICES) {
          sacrifices += 1;
          await sleep(Math.random() * SACRIFICE_DELAY_MS * 2 ** sacrifices);
        } else {
          throw translatePostgresError(error) ?? error;
        }
      }
    }
  }

  /**
   * As long as it stays the same, the database remembers everything that it has acknowledged. When it has changed, the
   * server may have crashed or failed over, and what was relaxed or not yet replicated may be gone. Current as soon as a
   * transaction's work begins.
   */
  get continuity(): number {
    return this.#pool.breaks;
  }

  /** The time that all processes agree on: the database's, in milliseconds since the epoch. */
  now(): number {
    return this.#clock.now();
  }

  /** How far `now` may be off, in milliseconds. */
  get clockErrorMs(): number {
    return this.#clock.errorMs;
  }

  async checkIntegrity(): Promise<string[]> {
    return (await this.examine()).problems;
  }

  /** The same, and what an operator should know beside it. */
  async examine(): Promise<IntegrityReport> {
    try {
      return await inOwnSession(this.#connector, examinePostgres);
    } catch (error) {
      throw translatePostgresError(error) ?? error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pulse[Symbol.asyncDispose](), this.#pool[Symbol.asyncDispose]()]);
  }

  async #read<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    for (let lost = 0; ; lost++) {
      try {
        return await this.#pool.use(false, work);
      } catch (error) {
        if (isConnectionLost(error) && lost < MAX_LOST_CONNECTIONS) continue;
        throw translatePostgresError(error) ?? error;
      }
    }
  }

  /** False when the transaction was rolled back for certain, so that its work may be done again. */
  async #wasCommitted(lost: CommitLostError): Promise<boolean> {
    const outcome = await outcomeOf(lost, (ask) => this.#read(ask)).catch(() => 'unknown');
    if (outcome !== 'unknown') return outcome === 'committed';
    throw new LedgerUnavailableError(
      'The connection to the database was lost in the middle of a commit, and it cannot be told whether it took ' +
        'place. Look before you do it again.',
      lost,
    );
  }
}

/** One run of a transaction's work on one connection. */
class Attempt<T> {
  /** Of the first statement that failed; after it PostgreSQL refuses everything but a rollback. */
  failure: unknown;
  value: T | undefined;
  readonly #work: (tx: Sql) => Promise<T>;
  readonly #begin: string;

  constructor(work: (tx: Sql) => Promise<T>, relaxed: boolean) {
    this.#work = work;
    this.#begin = relaxed
      ? 'BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off'
      : 'BEGIN ISOLATION LEVEL READ COMMITTED';
  }

  async run(connection: PostgresConnection): Promise<T> {
    // Awaited: should it fail, the statements behind it would each be committed alone.
    await connection.command(this.#begin);
    const tx = new TransactionSql(connection, (error) => (this.failure ??= error));
    try {
      this.value = await this.#work(tx);
      tx.close();
      if (this.failure !== undefined) throw this.failure;
      await connection.commit();
      return this.value;
    } catch (error) {
      tx.close();
      if (error instanceof CommitLostError) throw error;
      await rollBack(connection);
      throw error;
    }
  }
}

class TransactionSql implements Sql {
  readonly #connection: PostgresConnection;
  readonly #onFailure: (error: unknown) => void;
  #open = true;

  constructor(connection: PostgresConnection, onFailure: (error: unknown) => void) {
    this.#connection = connection;
    this.#onFailure = onFailure;
  }

  all<Row>(statement: string, params?: SqlParams): Promise<Row[]> {
    return this.#use((connection) => connection.all<Row>(statement, params));
  }

  get<Row>(statement: string, params?: SqlParams): Promise<Row | undefined> {
    return this.#use((connection) => connection.get<Row>(statement, params));
  }

  run(statement: string, params?: SqlParams): Promise<{ changes: number }> {
    return this.#use((connection) => connection.run(statement, params));
  }

  close(): void {
    this.#open = false;
  }

  async #use<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    if (!this.#open)
      throw new BudaoError('internal', 'transaction_closed', 'The transaction has already ended.');
    try {
      return await work(this.#connection);
    } catch (error) {
      this.#onFailure(error);
      throw translatePostgresError(error, this.#connection.server) ?? error;
    }
  }
}

async function rollBack(connection: PostgresConnection): Promise<void> {
  try {
    await connection.command('ROLLBACK');
  } catch (error) {
    connection.destroy('a rollback failed', error);
  }
}

async function inOwnSession<T>(
  connector: PostgresConnector,
  work: (connection: PostgresConnection) => Promise<T>,
): Promise<T> {
  const connection = await connector.connect();
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
