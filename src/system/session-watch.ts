import type { Ledger, Sql } from '../ledger/ledger.ts';
import { type Channel, RUNS_AVAILABLE } from '../runs/channel.ts';
import { releaseOwner } from '../runs/run-claims.ts';

const INTERVAL_MS = 200;
/** Looks in a row without a session before an owner counts as dead: a pool that reconnects is between two for a moment. */
const LOOKS = 2;

/**
 * The database sees the connections of a killed process close at once, wherever it ran. Whoever holds runs without a
 * session is taken for dead long before its leases run out; one that only lost its connections finds itself fenced.
 * Right after a start of the server everybody is without a session, and nobody is judged.
 */
const OWNERS_WITHOUT_SESSION = `
  SELECT DISTINCT owner FROM run
  WHERE status = 'running' AND owner IS NOT NULL
    AND owner NOT IN (SELECT application_name FROM pg_stat_activity WHERE datname = current_database())
    AND pg_postmaster_start_time() < clock_timestamp() - interval '10 seconds'`;

/** Releases what processes of other nodes held when they were killed. */
export class SessionWatch implements Disposable {
  readonly #ledger: Ledger;
  readonly #channel: Channel;
  readonly #onDeath: (owner: string, released: number) => void;
  readonly #onError: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #missing = new Map<string, number>();
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
      const owners = await this.#ledger.read.all<{ owner: string }>(OWNERS_WITHOUT_SESSION);
      // What was seen before the database was away says nothing about now.
      const before = this.#continuity === this.#ledger.continuity ? this.#missing : new Map<string, number>();
      this.#continuity = this.#ledger.continuity;
      this.#missing = new Map(owners.map(({ owner }) => [owner, (before.get(owner) ?? 0) + 1]));
      for (const [owner, looks] of this.#missing) if (looks >= LOOKS) await this.#release(owner);
    } catch (error) {
      this.#missing = new Map();
      this.#onError(error);
    } finally {
      this.#looking = false;
    }
  }

  async #release(owner: string): Promise<void> {
    const released = await this.#ledger.transaction((tx: Sql) => releaseOwner(tx, owner, 'died'));
    this.#missing.delete(owner);
    if (released === 0) return;
    this.#channel.publish(RUNS_AVAILABLE, '');
    this.#onDeath(owner, released);
  }
}
