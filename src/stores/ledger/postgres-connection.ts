import { type Client, type CustomTypesConfig, DatabaseError, type QueryConfig, type QueryResult } from 'pg';
import type { Sql, SqlParams } from '../../ledger/ledger.ts';
import { ConnectionLostError, isConnectionLost } from './postgres-errors.ts';
import { bindStatement } from './postgres-statement.ts';

/** The program has a few hundred distinct statements; what comes beyond is parsed each time. */
const MAX_PREPARED_STATEMENTS = 1_000;
const CLOSE_TIMEOUT_MS = 1_000;

/** Which database answers, and since which fail-over: a transaction's number means nothing in another one. */
export interface ServerIdentity {
  systemIdentifier: string;
  timeline: string;
}

const TRANSACTION_NUMBER = 'SELECT CAST(pg_current_xact_id_if_assigned() AS text) AS number';

/** The answer to a COMMIT was lost. */
export class CommitLostError extends ConnectionLostError {
  /** Null when nothing had been written, undefined when the number was lost, too. */
  readonly number: string | null | undefined;
  readonly identity: ServerIdentity | null;

  constructor(number: string | null | undefined, identity: ServerIdentity | null, cause: Error) {
    super(cause.message, cause);
    this.number = number;
    this.identity = identity;
  }
}

/** One session on a server, behind the portable Sql interface. */
export class PostgresConnection implements Sql {
  /** For messages: host and port. */
  readonly server: string;
  identity: ServerIdentity | null = null;
  readonly #client: Client;
  readonly #names = new Map<string, string>();
  #lost: ConnectionLostError | null = null;
  #onLost: (error: ConnectionLostError) => void = () => {};
  idleSinceMs = 0;

  /** `client` is connected. */
  constructor(client: Client, server: string) {
    this.#client = client;
    this.server = server;
    client.on('error', (error) => this.destroy(error.message, error));
    client.on('end', () => this.destroy('it was closed'));
  }

  get isUsable(): boolean {
    return this.#lost === null;
  }

  async all<Row>(statement: string, params?: SqlParams): Promise<Row[]> {
    return (await this.#execute(statement, params)).rows as Row[];
  }

  async get<Row>(statement: string, params?: SqlParams): Promise<Row | undefined> {
    return (await this.#execute(statement, params)).rows[0] as Row | undefined;
  }

  async run(statement: string, params?: SqlParams): Promise<{ changes: number }> {
    return { changes: (await this.#execute(statement, params)).rowCount ?? 0 };
  }

  /** PostgreSQL's own SQL, without parameters, several statements if need be. @returns what the last one did */
  async command(text: string): Promise<{ command: string; rows: Record<string, unknown>[] }> {
    const results = [await this.#query({ text })].flat();
    const { command, rows } = results.at(-1) as QueryResult;
    return { command, rows };
  }

  /** Tells what is notified on the channels that it is made to LISTEN to, and that it broke. */
  onNotification(onPayload: (payload: string) => void, onLost: (error: ConnectionLostError) => void): void {
    this.#client.on('notification', ({ payload }) => onPayload(payload ?? ''));
    this.#onLost = onLost;
  }

  /**
   * Commits, and asks for the transaction's number in the same breath: should the answer to COMMIT be lost, the number
   * tells what became of it.
   *
   * @throws CommitLostError when the connection broke, and the transaction may or may not be durable
   */
  async commit(): Promise<void> {
    const numbered = this.get<{ number: string | null }>(TRANSACTION_NUMBER);
    const committed = this.command('COMMIT');
    const [row, result] = await Promise.allSettled([numbered, committed]);
    if (result.status === 'fulfilled') {
      // What had failed before is rolled back by COMMIT without a word.
      if (result.value.command !== 'COMMIT') throw new Error('a failed transaction cannot be committed');
      return;
    }
    if (!(result.reason instanceof ConnectionLostError)) throw result.reason;
    const number = row.status === 'fulfilled' ? (row.value?.number ?? null) : undefined;
    throw new CommitLostError(number, this.identity, result.reason);
  }

  /** Gives the connection up at once; whatever waits for an answer is rejected. */
  destroy(reason: string, cause?: unknown): void {
    if (this.#lost !== null) return;
    this.#lost = new ConnectionLostError(reason, cause);
    abandon(this.#client);
    this.#onLost(this.#lost);
  }

  /** Says goodbye; a server that does not answer is left alone. */
  async close(): Promise<void> {
    if (this.#lost !== null) return;
    this.#lost = new ConnectionLostError('the ledger is closed');
    const timer = setTimeout(() => abandon(this.#client), CLOSE_TIMEOUT_MS);
    await this.#client.end();
    clearTimeout(timer);
  }

  #execute(statement: string, params?: SqlParams): Promise<QueryResult> {
    const { text, values } = bindStatement(statement, params);
    return this.#query({ text, values, ...this.#name(text) });
  }

  #name(text: string): { name?: string } {
    let name = this.#names.get(text);
    if (name === undefined) {
      if (this.#names.size >= MAX_PREPARED_STATEMENTS) return {};
      name = `s${this.#names.size}`;
      this.#names.set(text, name);
    }
    return { name };
  }

  async #query(config: QueryConfig): Promise<QueryResult> {
    if (this.#lost !== null) throw this.#lost;
    try {
      return await this.#client.query(config);
    } catch (error) {
      if (error instanceof DatabaseError || error instanceof RangeError) {
        if (isConnectionLost(error)) this.destroy(error.message, error);
        throw error;
      }
      this.destroy((error as Error).message, error);
      throw this.#lost;
    }
  }
}

/** The driver has no public way to break a connection off, and its polite one waits for the server. */
export function abandon(client: Client): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}

/** How values come back: as SQLite gives them. https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => (text === 't' ? 1 : 0),
  20: readInteger,
  21: Number,
  23: Number,
  700: Number,
  701: Number,
  1700: Number,
};

export const VALUE_TYPES: CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS[oid] ?? ((text: string) => text),
};

function readInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the ledger holds an integer beyond 2^53: ${text}`);
  return value;
}
