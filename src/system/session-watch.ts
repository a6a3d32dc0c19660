import type { Ledger, Sql } from '../ledger/ledger.ts';
import { type Channel, RUNS_AVAILABLE } from '../runs/channel.ts';
import { releaseOwner } from '../runs/run-claims.ts';

const INTERVAL_MS = 200;
/** Looks in a row without a session before an owner counts as dead: a pool that reconnects is between two for a moment. */
const LOOKS = 2;

/**
 * The database sees the connections of a killed process close at once, wherever it ran. Whoever holds runs without a
 * session is taken for dead long before its leases run out; one that only lost its connections finds itself fenced.
 * Right after a start of the server everybody is without a session: then only those are judged that have come back.
 */
const OWNERS = `
  SELECT owner,
    owner IN (SELECT application_name FROM pg_stat_activity WHERE datname = current_database()) AS present,
    pg_postmaster_start_time() < clock_timestamp() - interval '10 seconds' AS settled
  FROM (SELECT DISTINCT owner FROM run WHERE status = 'running' AND owner IS NOT NULL) AS held`;

interface Owner {
  owner: string;
  present: number;
  settled: number;
}

/** Releases what processes of other nodes held when they were killed. */
export class SessionWatch implements Disposable {
  readonly #ledger: Ledger;
  readonly #channel: Channel;
  readonly #onDeath: (owner: string, released: number) => void;
  readonly #onError: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #missing = new Map<string, number>();
  /** Owners that had a session since the server came. */
  #seen = new Set<string>();
  #continuity: number;
  #looking = false;

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
    this.#timer = setInterval(() => void this.#look(), INTERVAL_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const owners = await this.#ledger.read.all<Owner>(OWNERS);
      // What was seen before the database was away says nothing about now.
      if (this.#continuity !== this.#ledger.continuity) this.#forget();
      this.#continuity = this.#ledger.continuity;
      const before = this.#missing;
      const absent = owners.filter(
        (row) => row.present === 0 && (row.settled === 1 || this.#seen.has(row.owner)),
      );
      this.#seen = new Set(
        owners.filter((row) => row.present === 1 || this.#seen.has(row.owner)).map((row) => row.owner),
      );
      this.#missing = new Map(absent.map(({ owner }) => [owner, (before.get(owner) ?? 0) + 1]));
      for (const [owner, looks] of this.#missing) if (looks >= LOOKS) await this.#release(owner);
    } catch (error) {
      this.#forget();
      this.#onError(error);
    } finally {
      this.#looking = false;
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
