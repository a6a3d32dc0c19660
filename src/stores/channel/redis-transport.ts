import { ErrorReply } from '@redis/client';
import type { BudaoError } from '../../contract/errors.ts';
import { channelUnavailable } from './channel-errors.ts';
import { keepConnected, waitAtMost } from './keep-connected.ts';
import {
  EVERYBODY,
  type PeerTransport,
  type TransportEvents,
  type TransportLimits,
} from './peer-transport.ts';
import {
  type RedisConnection,
  type RedisConnector,
  type RedisLink,
  requirePrimary,
} from './redis-connect.ts';
import { explainRedisError } from './redis-errors.ts';

/** What the server has not confirmed yet; more is not sent to one that is slow. */
const MAX_IN_FLIGHT_BYTES = 16 * 1024 * 1024;
/** Whether the server still is no replica: one that was demoted keeps its connections. */
const ROLE_CHECK_MS = 1_000;
const CLOSE_TIMEOUT_MS = 500;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** Passes texts on through Pub/Sub: an inbox for each process, and one channel for all of an installation. */
export class RedisTransport implements PeerTransport {
  readonly limits: TransportLimits = { maxTextBytes: MAX_TEXT_BYTES, hintsOnly: false };
  readonly #connector: RedisConnector;
  readonly #prefix: string;
  readonly #closing = new AbortController();
  #link: RedisLink | null = null;
  #leave: (reason: BudaoError) => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #events: TransportEvents | null = null;
  #inFlightBytes = 0;
  #unconfirmed: Promise<unknown> = Promise.resolve();

  constructor(connector: RedisConnector, prefix: string) {
    this.#connector = connector;
    this.#prefix = prefix;
  }

  start(self: string, events: TransportEvents): void {
    this.#events = events;
    this.#running = keepConnected(
      () => this.#serve([this.#prefix + self, this.#prefix + EVERYBODY]),
      (reason) => events.onDisconnected(reason),
      this.#closing.signal,
    );
  }

  send(to: string, text: string): void {
    const { publisher } = this.#link ?? {};
    if (publisher === undefined || this.#inFlightBytes > MAX_IN_FLIGHT_BYTES) return;
    // Encoded here: a socket takes twice as long for a text with Han characters.
    const bytes = Buffer.from(text);
    this.#inFlightBytes += bytes.length;
    this.#unconfirmed = this.#publish(publisher, to, bytes).finally(() => {
      this.#inFlightBytes -= bytes.length;
    });
  }

  leave(reason: string): void {
    this.#leave(channelUnavailable(`${this.#link?.server} was left: ${reason}. Another attempt follows.`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await waitAtMost(this.#unconfirmed, CLOSE_TIMEOUT_MS);
    this.#closing.abort();
    this.#leave(channelUnavailable('The live channel is closed.'));
    // An attempt to connect ends by itself.
    await waitAtMost(this.#running, CLOSE_TIMEOUT_MS);
  }

  async #publish(publisher: RedisConnection, to: string, bytes: Buffer): Promise<void> {
    try {
      const readers = await publisher.publish(this.#prefix + to, bytes);
      if (readers === 0 && to !== EVERYBODY) this.#events?.onAbsent(to);
    } catch (error) {
      // Lost, as the port allows; a connection that broke is noticed by itself, a right that is missing is not.
      if (error instanceof ErrorReply) this.#leave(explainRedisError(error, this.#link?.server ?? to));
    }
  }

  /** @returns why it ended */
  async #serve(channels: string[]): Promise<BudaoError> {
    let link: RedisLink | null = null;
    try {
      link = await this.#connector.connect();
      const ended = this.#ended(link);
      await link.subscriber.subscribe(channels, (text) => this.#events?.onText(text));
      if (this.#closing.signal.aborted) throw channelUnavailable('The live channel is closed.');
      this.#link = link;
      this.#events?.onConnected();
      return await ended;
    } catch (error) {
      return explainRedisError(error, link?.server ?? 'The live channel');
    } finally {
      this.#link = null;
      this.#leave = () => {};
      link?.publisher.destroy();
      link?.subscriber.destroy();
    }
  }

  async #ended(link: RedisLink): Promise<BudaoError> {
    const { publisher, subscriber, server } = link;
    let timer: NodeJS.Timeout | undefined;
    const reason = await new Promise<BudaoError>((resolve) => {
      const end = (error: unknown) => resolve(explainRedisError(error, server));
      this.#leave = end;
      timer = setInterval(() => void requirePrimary(publisher, server).catch(end), ROLE_CHECK_MS);
      for (const connection of [publisher, subscriber]) {
        connection.on('error', end);
        connection.on('end', () => end(new Error('it was closed')));
      }
    });
    clearInterval(timer);
    return reason;
  }
}
