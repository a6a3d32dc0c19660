import type { Ledger, Sql } from '../ledger/ledger.ts';
import { type Channel, RUNS_AVAILABLE } from '../runs/channel.ts';
import { releaseOwner } from '../runs/run-claims.ts';

const INTERVAL_MS = 200;
/** Looks in a row without a session before an owner counts as dead: a pool that reconnects is between two for a moment. */
const LOOKS = 2;
/** To the next look at somebody who is missing: every look costs the database, waiting costs those who read. */
const DOUBT_MS = 100;

/** A session that has said nothing for so long is no sign of life: a process looks at the clock every second. */
const QUIET_MS = 2_500;

/**
 * The database sees the connections of a killed process close at once, wherever it ran. Whoever holds runs and had a
 * session, and has none any more, is taken for dead long before its leases run out; one that only lost its connections
 * finds itself fenced. Sessions that a broken network left behind on the server look alive for long, but say nothing.
 */
const OWNERS = `
  SELECT owner, max(held) AS held,
    owner IN (SELECT application_name FROM pg_stat_activity WHERE datname = current_database()
      AND (state_change IS NULL OR state_change > clock_timestamp() - interval '${QUIET_MS} milliseconds')) AS present
  FROM (SELECT DISTINCT owner, 1 AS held FROM run WHERE status = 'running' AND owner IS NOT NULL
    UNION ALL SELECT id, 0 FROM process) AS known
  GROUP BY owner`;

interface Owner {
  owner: string;
  held: number;
  present: number;
}

/** Releases what processes of other nodes held when they were killed. */
export class SessionWatch implements Disposable {
  readonly #ledger: Ledger;
  readonly #channel: Channel;
  readonly #onDeath: (owner: string, released: number) => void;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout;
  #ended = false;
  #missing = new Map<string, number>();
  /** Who had a session since the server came, or came back: of others nothing can be told. */
  #seen = new Set<string>();
  #continuity: number;

  constructor(options: {
    ledger: Ledger;
    channel: Channel;
    onDeath: (owner: string, released: number) => void;
    onError: (error: unknown) => void;
  }) {
    this.#ledger = options.ledger;
    this.#channel = options.channel;
    this.#onDeath = options.onDeath;
    this.#onError = options.onError;
    this.#continuity = options.ledger.continuity;
    this.#timer = setTimeout(() => void this.#look(), INTERVAL_MS);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const began = performance.now();
    try {
      const owners = await this.#ledger.read.all<Owner>(OWNERS);
      // What was seen before the database was away says nothing about now.
      if (this.#continuity !== this.#ledger.continuity) this.#forget();
      this.#continuity = this.#ledger.continuity;
      const before = this.#missing;
      const absent = owners.filter((row) => row.held === 1 && row.present === 0 && this.#seen.has(row.owner));
      this.#seen = new Set(
        owners.filter((row) => row.present === 1 || this.#seen.has(row.owner)).map((row) => row.owner),
      );
      this.#missing = new Map(absent.map(({ owner }) => [owner, (before.get(owner) ?? 0) + 1]));
      for (const [owner, looks] of this.#missing) if (looks >= LOOKS) await this.#release(owner);
    } catch (error) {
      this.#forget();
      this.#onError(error);
    } finally {
      const pauseMs = this.#missing.size > 0 ? DOUBT_MS : INTERVAL_MS;
      const leftMs = Math.max(0, pauseMs - (performance.now() - began));
      if (!this.#ended) this.#timer = setTimeout(() => void this.#look(), leftMs);
    }
  }

  #forget(): void {
    this.#missing = new Map();
    this.#seen = new Set();
  }

  async #release(owner: string): Promise<void> {
    const released = await this.#ledger.transaction((tx: Sql) => releaseOwner(tx, owner, 'died'));
    this.#missing.delete(owner);
    if (released === 0) return;
    this.#channel.publish(RUNS_AVAILABLE, '');
    this.#onDeath(owner, released);
  }
}
