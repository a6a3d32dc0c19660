import { createHash } from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';
import type { Sql } from '../../ledger/ledger.ts';
import type { PostgresConnector } from '../ledger/postgres-connect.ts';
import type { PostgresConnection } from '../ledger/postgres-connection.ts';
import { translatePostgresError } from '../ledger/postgres-errors.ts';
import { channelUnavailable } from './channel-errors.ts';
import { keepConnected, waitAtMost } from './keep-connected.ts';
import {
  EVERYBODY,
  type PeerTransport,
  type TransportEvents,
  type TransportLimits,
} from './peer-transport.ts';

/** PostgreSQL takes less than 8,000. */
const MAX_TEXT_BYTES = 7_900;
/** What waits while a statement is under way; more is not sent to a server that is slow. */
const MAX_WAITING = 1_000;
const CLOSE_TIMEOUT_MS = 500;

/** All that waits leaves in one transaction, as each of them takes a lock at its commit. */
const NOTIFY = `SELECT pg_notify(entry->>'channel', entry->>'text') AS sent
  FROM json_array_elements(CAST(:entries AS json)) AS entry`;

/**
 * Passes texts on through NOTIFY. Any user of the database may listen, so a run's events never leave as they are, but as
 * the hint that the ledger has them.
 */
export class NotifyTransport implements PeerTransport {
  readonly limits: TransportLimits = { maxTextBytes: MAX_TEXT_BYTES, hintsOnly: true };
  readonly #connector: PostgresConnector;
  readonly #sql: Sql;
  readonly #prefix: string;
  readonly #closing = new AbortController();
  #connection: PostgresConnection | null = null;
  #running: Promise<void> = Promise.resolve();
  #sending: Promise<void> | null = null;
  #waiting: { channel: string; text: string }[] = [];

  /** Listens over a connection of its own, and sends through `sql`, the ledger's. */
  constructor(connector: PostgresConnector, sql: Sql, installationId: string) {
    this.#connector = connector;
    this.#sql = sql;
    // A channel's name has 63 bytes at most.
    const installation = createHash('sha256').update(installationId).digest('hex').slice(0, 16);
    this.#prefix = `budao_${installation}_`;
  }

  start(self: string, events: TransportEvents): void {
    this.#running = keepConnected(
      () => this.#serve(self, events),
      (reason) => events.onDisconnected(reason),
      this.#closing.signal,
    );
  }

  send(to: string, text: string): void {
    if (this.#connection === null || this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push({ channel: this.#prefix + to, text });
    this.#sending ??= this.#sendAll();
  }

  leave(reason: string): void {
    this.#connection?.destroy(`${reason} (a pooler in between has to keep sessions)`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await waitAtMost(Promise.resolve(this.#sending), CLOSE_TIMEOUT_MS);
    this.#closing.abort();
    this.#connection?.destroy('the live channel is closed');
    // An attempt to connect ends by itself.
    await waitAtMost(this.#running, CLOSE_TIMEOUT_MS);
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = JSON.stringify(this.#waiting);
      this.#waiting = [];
      // Lost, as the port allows: a server that is away is noticed by what does not come back.
      await this.#sql.all(NOTIFY, { entries }).catch(() => {});
    }
    this.#sending = null;
  }

  /** @returns why it ended */
  async #serve(self: string, events: TransportEvents): Promise<BudaoError> {
    let connection: PostgresConnection | null = null;
    try {
      connection = await this.#connector.connect();
      const broken = connection;
      const ended = new Promise<Error>((resolve) => {
        broken.onNotification((payload) => events.onText(payload), resolve);
      });
      await connection.command(`LISTEN "${this.#prefix}${self}"; LISTEN "${this.#prefix}${EVERYBODY}"`);
      if (this.#closing.signal.aborted) throw channelUnavailable('The live channel is closed.');
      this.#connection = connection;
      events.onConnected();
      return lost(connection, await ended);
    } catch (error) {
      return translatePostgresError(error) ?? lost(connection, error as Error);
    } finally {
      this.#connection = null;
      this.#waiting = [];
      connection?.destroy('it is left');
    }
  }
}

function lost(connection: PostgresConnection | null, error: Error): BudaoError {
  const server = connection === null ? 'the database' : connection.server;
  return channelUnavailable(
    `The listening connection to ${server} was lost: ${error.message}. It is tried again by itself.`,
    error,
  );
}
