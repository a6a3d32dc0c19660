import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseClock } from './postgres-clock.ts';
import type { PostgresConnection } from './postgres-connection.ts';

const INTERVAL_MS = 1_000;
/** A server that leaves a look at its clock unanswered for so long is taken for dead, whatever else it is asked. */
const SILENCE_MS = 2_000;

const CLOCK = 'SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS double precision) AS "databaseMs"';

export interface PulseOptions {
  connect: () => Promise<PostgresConnection>;
  clock: DatabaseClock;
  onBeat: () => void;
  onSilence: (reason: string) => void;
}

/**
 * Looks at the server's clock every second over a connection of its own. A slow statement may take its time, but a
 * machine that has vanished without closing its connections is noticed within three seconds.
 */
export class PostgresPulse implements AsyncDisposable {
  readonly #options: PulseOptions;
  readonly #closing = new AbortController();
  #connection: PostgresConnection | null = null;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** Resolves when the clock is known. @throws BudaoError when no server can be reached */
  async start(): Promise<void> {
    this.#connection = await this.#options.connect();
    await this.#lookAtClock(this.#connection);
    this.#beating = this.#beat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#beating;
    await this.#connection?.close();
  }

  async #beat(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await sleep(INTERVAL_MS * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        if (this.#connection?.isUsable !== true) this.#connection = await this.#options.connect();
        await this.#lookAtClock(this.#connection);
        this.#options.onBeat();
      } catch {
        // Away: whoever needs the ledger hears of it, and the next beat tries again.
      }
    }
  }

  async #lookAtClock(connection: PostgresConnection): Promise<void> {
    const timer = new AbortController();
    const silence = this.#awaitSilence(connection, timer.signal);
    const askedMs = performance.now();
    try {
      const row = await connection.get<{ databaseMs: number }>(CLOCK);
      this.#options.clock.observe(row?.databaseMs ?? Number.NaN, askedMs, performance.now());
    } finally {
      timer.abort();
      await silence;
    }
  }

  async #awaitSilence(connection: PostgresConnection, answered: AbortSignal): Promise<void> {
    try {
      await sleep(SILENCE_MS, undefined, { signal: answered });
      // This process itself may have slept, with the answer waiting at its door.
      await nextTurn();
      await nextTurn();
    } catch {
      return;
    }
    if (answered.aborted) return;
    const reason = `it has not answered for ${SILENCE_MS} ms`;
    connection.destroy(reason);
    this.#options.onSilence(reason);
  }
}
