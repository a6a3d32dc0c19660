import type { Ledger } from '../ledger/ledger.ts';
import { type Channel, NOTHING_BUT_A_HINT, runTopic } from './channel.ts';
import { isTerminal, type Run, type RunEvent } from './run.ts';
import { getRun, readEvents, runPositions } from './run-store.ts';

/** How often runs are looked up whose live messages may have been lost. */
const CHECK_MS = 400;
/** Less than the time between checks: what the last one delivered does not count as heard for the next. */
const QUIET_MS = 250;
const EVENTS_PER_READ = 2_000;

export interface FeedListener {
  /** Events in order, without gaps or duplicates. */
  onEvents(events: readonly RunEvent[]): void;
  /** After the terminal event was delivered. */
  onEnd(run: Run): void;
  onError(error: unknown): void;
}

/** Follows runs: the log from the ledger first, then live, the log again wherever the channel left a gap. */
export class RunFeeds implements Disposable {
  readonly #ledger: Ledger;
  readonly #channel: Channel;
  readonly #followers = new Set<Follower>();
  #checkTimer: NodeJS.Timeout | null = null;
  #checking = false;

  constructor(options: { ledger: Ledger; channel: Channel }) {
    this.#ledger = options.ledger;
    this.#channel = options.channel;
  }

  /** @returns a function that ends the following. */
  follow(runId: string, listener: FeedListener, afterSeq = 0): () => void {
    const follower = new Follower(runId, listener, afterSeq, this.#ledger);
    // Subscribe first, then read: what is appended in between arrives twice rather than never.
    const unsubscribe = this.#channel.subscribe(runTopic(runId), (message) => follower.receive(message));
    follower.onDone = () => {
      unsubscribe();
      this.#followers.delete(follower);
      this.#schedule();
    };
    this.#followers.add(follower);
    this.#schedule();
    void follower.catchUp();
    return () => follower.stop();
  }

  [Symbol.dispose](): void {
    for (const follower of this.#followers) follower.stop();
    if (this.#checkTimer !== null) clearInterval(this.#checkTimer);
  }

  #schedule(): void {
    if (this.#followers.size > 0) {
      this.#checkTimer ??= setInterval(() => void this.#check(), CHECK_MS);
    } else if (this.#checkTimer !== null) {
      clearInterval(this.#checkTimer);
      this.#checkTimer = null;
    }
  }

  /** One read for all runs that were quiet lately. */
  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      const quietSince = performance.now() - QUIET_MS;
      const quiet = [...this.#followers].filter((follower) => follower.lastHeardMs < quietSince);
      if (quiet.length === 0) return;
      const positions = await runPositions(this.#ledger.read, [...new Set(quiet.map((one) => one.runId))]);
      const byId = new Map(positions.map((position) => [position.runId, position]));
      for (const follower of quiet) {
        const position = byId.get(follower.runId);
        const behind =
          position === undefined || position.lastSeq > follower.seq || isTerminal(position.status);
        if (behind) void follower.catchUp();
      }
    } catch {
      // The ledger is away: the next check tries again, and live messages still arrive.
    } finally {
      this.#checking = false;
    }
  }
}

class Follower {
  readonly runId: string;
  seq: number;
  lastHeardMs = performance.now();
  onDone: () => void = () => {};
  readonly #listener: FeedListener;
  readonly #ledger: Ledger;
  #catchingUp = false;
  #catchUpAgain = false;
  #stopped = false;

  constructor(runId: string, listener: FeedListener, afterSeq: number, ledger: Ledger) {
    this.runId = runId;
    this.seq = afterSeq;
    this.#listener = listener;
    this.#ledger = ledger;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.onDone();
  }

  receive(message: string): void {
    this.lastHeardMs = performance.now();
    if (this.#catchingUp) {
      this.#catchUpAgain = true;
      return;
    }
    const events = (JSON.parse(message) as Omit<RunEvent, 'runId'>[]).filter((event) => event.seq > this.seq);
    const first = events[0];
    if (first === undefined) {
      if (message === NOTHING_BUT_A_HINT) void this.catchUp();
      return;
    }
    if (first.seq !== this.seq + 1) {
      void this.catchUp();
      return;
    }
    const complete = events.map((event) => ({ ...event, runId: this.runId }));
    this.#deliver(complete);
    if (isTerminalEvent(complete.at(-1))) void this.catchUp();
  }

  async catchUp(): Promise<void> {
    if (this.#catchingUp || this.#stopped) {
      this.#catchUpAgain = true;
      return;
    }
    this.#catchingUp = true;
    try {
      do {
        this.#catchUpAgain = false;
        await this.#readOn();
      } while (this.#catchUpAgain && !this.#stopped);
    } catch (error) {
      if (!this.#stopped) this.#listener.onError(error);
    } finally {
      this.#catchingUp = false;
    }
  }

  async #readOn(): Promise<void> {
    // The row is read before the events: a terminal status seen here means that all events are there to be read.
    const run = await getRun(this.#ledger.read, this.runId);
    if (this.#stopped) return;
    if (run === undefined) throw new Error(`run ${this.runId} does not exist`);
    // What is appended from here on comes by the channel, or is asked for again.
    while (this.seq < run.lastSeq) {
      const events = await readEvents(this.#ledger.read, this.runId, this.seq, EVENTS_PER_READ);
      if (this.#stopped) return;
      if (events.length > 0) this.#deliver(events);
      if (events.length < EVENTS_PER_READ) break;
    }
    if (isTerminal(run.status) && this.seq >= run.lastSeq) {
      this.stop();
      this.#listener.onEnd(run);
    }
  }

  #deliver(events: readonly RunEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    this.seq = last.seq;
    this.lastHeardMs = performance.now();
    this.#listener.onEvents(events);
  }
}

const TERMINAL_EVENTS = new Set(['run.completed', 'run.incomplete', 'run.failed', 'run.cancelled']);

function isTerminalEvent(event: RunEvent | undefined): boolean {
  return event !== undefined && TERMINAL_EVENTS.has(event.type);
}
