import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import { LedgerUnavailableError } from '../../ledger/errors.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { isForOperator } from './postgres-errors.ts';

/** How long a caller waits for a connection while the servers are well. */
const BUSY_PATIENCE_MS = 5_000;
const MAX_WAITING = 2_000;
/** After an outage each process comes back at its own moment, somewhere below these. */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;
/** What closing waits for transactions that are under way. */
const DRAIN_MS = 5_000;
const KEPT_IDLE = 2;
const IDLE_MS = 60_000;

interface Waiter {
  isTransaction: boolean;
  resolve: (connection: PostgresConnection) => void;
  reject: (error: unknown) => void;
  timer: NodeJS.Timeout;
}

export interface PoolOptions {
  connect: () => Promise<PostgresConnection>;
  maxConnections: number;
  /** Connections that transactions leave to readers, so that a reader never waits for a writer. */
  reservedForReads: number;
  /** How long an outage may last before callers are told at once instead of waiting for its end. */
  outagePatienceMs: number;
}

/** A bounded number of connections, made one after another, and again after an outage. */
export class PostgresPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #open = new Set<PostgresConnection>();
  readonly #idle: PostgresConnection[] = [];
  readonly #closing = new AbortController();
  #waiting: Waiter[] = [];
  /** Waiters whom one connection more would help. */
  #wanted = 0;
  #inUse = 0;
  #transactions = 0;
  #breaks = 0;
  #onDrained: () => void = () => {};
  #connecting: Promise<void> | null = null;
  #outage: { sinceMs: number; error: unknown } | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Grows with every connection that broke: whoever gets one afterwards may speak to a server that has forgotten. */
  get breaks(): number {
    return this.#breaks;
  }

  async use<T>(isTransaction: boolean, work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    const connection = await this.#acquire(isTransaction);
    try {
      return await work(connection);
    } finally {
      this.#inUse -= 1;
      if (isTransaction) this.#transactions -= 1;
      if (this.#inUse === 0) this.#onDrained();
      this.#release(connection);
    }
  }

  /** Gives up all connections, because their server has fallen silent; tried again until one is there. */
  dropAll(reason: string): void {
    for (const connection of this.#open) connection.destroy(reason);
    this.#noteOutage(new LedgerUnavailableError(`The database server is silent: ${reason}.`));
    this.#serve();
    this.#connecting ??= this.#connectAll();
  }

  /** Closes what has not been needed for a while. */
  trim(): void {
    const before = performance.now() - IDLE_MS;
    while (this.#idle.length > KEPT_IDLE && (this.#idle[0]?.idleSinceMs ?? 0) < before) {
      const connection = this.#idle.shift() as PostgresConnection;
      this.#open.delete(connection);
      void connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#rejectWaiting(closed());
    await this.#connecting;
    await this.#drained();
    await Promise.all([...this.#open].map((connection) => connection.close()));
  }

  #drained(): Promise<void> {
    if (this.#inUse === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, DRAIN_MS);
      this.#onDrained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #acquire(isTransaction: boolean): Promise<PostgresConnection> {
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    const patienceMs = this.#patience();
    if (this.#outage !== null && patienceMs <= 0) return Promise.reject(this.#outage.error);
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(this.#allBusy());
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        isTransaction,
        resolve,
        reject,
        timer: setTimeout(() => this.#giveUp(waiter), patienceMs),
      };
      this.#waiting.push(waiter);
      this.#serve();
    });
  }

  #patience(): number {
    if (this.#outage === null) return BUSY_PATIENCE_MS;
    return this.#outage.sinceMs + this.#options.outagePatienceMs - performance.now();
  }

  #giveUp(waiter: Waiter): void {
    this.#waiting = this.#waiting.filter((one) => one !== waiter);
    waiter.reject(this.#outage?.error ?? this.#allBusy());
  }

  #allBusy(): BudaoError {
    return new BudaoError(
      'unavailable',
      'ledger_busy',
      `All ${this.#options.maxConnections} connections of this process to the database are in use. Try again in a moment.`,
    );
  }

  #release(connection: PostgresConnection): void {
    if (connection.isUsable) {
      connection.idleSinceMs = performance.now();
      this.#idle.push(connection);
    }
    this.#serve();
  }

  #forgetLost(): void {
    for (const connection of this.#open) {
      if (connection.isUsable) continue;
      this.#open.delete(connection);
      this.#breaks += 1;
    }
    for (let index = this.#idle.length - 1; index >= 0; index--) {
      if (this.#idle[index]?.isUsable !== true) this.#idle.splice(index, 1);
    }
  }

  /** Hands connections to those who wait, in order; a transaction beyond its share lets readers pass. */
  #serve(): void {
    this.#forgetLost();
    const { maxConnections, reservedForReads } = this.#options;
    const later: Waiter[] = [];
    this.#wanted = 0;
    for (const waiter of this.#waiting) {
      if (waiter.isTransaction && this.#transactions >= maxConnections - reservedForReads) {
        later.push(waiter);
        continue;
      }
      // The one used last is the one that the server has warm.
      const connection = this.#idle.pop();
      if (connection === undefined) {
        later.push(waiter);
        this.#wanted += 1;
        continue;
      }
      clearTimeout(waiter.timer);
      this.#inUse += 1;
      if (waiter.isTransaction) this.#transactions += 1;
      waiter.resolve(connection);
    }
    this.#waiting = later;
    if (this.#needsMore()) this.#connecting ??= this.#connectAll();
  }

  #needsMore(): boolean {
    return (
      this.#wanted > 0 && this.#open.size < this.#options.maxConnections && !this.#closing.signal.aborted
    );
  }

  async #connectAll(): Promise<void> {
    await this.#connect();
    this.#connecting = null;
    this.#serve();
  }

  /** One attempt at a time: a server that comes back is not met by all connections of all processes at once. */
  async #connect(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      // In an outage it is tried on until it works, though nobody may wait for it any more.
      if (this.#outage === null && !this.#needsMore()) return;
      try {
        const connection = await this.#options.connect();
        this.#outage = null;
        failures = 0;
        this.#open.add(connection);
        this.#release(connection);
      } catch (error) {
        failures += 1;
        this.#noteOutage(error);
        if (isForOperator(error)) this.#rejectWaiting(error);
        await this.#pause(failures);
      }
    }
  }

  #noteOutage(error: unknown): void {
    if (this.#outage === null) {
      this.#outage = { sinceMs: performance.now(), error };
      // Who waited for a free connection waits for the end of the outage now, which may be less.
      for (const waiter of this.#waiting) {
        clearTimeout(waiter.timer);
        const patienceMs = this.#options.outagePatienceMs;
        waiter.timer = setTimeout(() => this.#giveUp(waiter), patienceMs);
      }
    }
    this.#outage.error = error;
  }

  async #pause(failures: number): Promise<void> {
    const longestMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    const { signal } = this.#closing;
    await sleep(longestMs * (0.25 + 0.75 * Math.random()), undefined, { signal }).catch(() => {});
  }

  #rejectWaiting(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      clearTimeout(waiter.timer);
      waiter.reject(error);
    }
  }
}

function closed(): BudaoError {
  return new LedgerUnavailableError('The ledger is closed.');
}
