import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../contract/errors.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Channel, runTopic } from './channel.ts';
import { RunInterruption } from './interruption.ts';
import type { Run, RunFailure, TerminalStatus } from './run.ts';
import { type AppendedEvent, type AppendRequest, appendEvents } from './run-appends.ts';

/**
 * Under load, commits of one process keep this distance, so that more runs share each of them. Fifteen times a second is
 * what a reader still sees as flowing.
 */
const LINGER_MS = 64;
/** With fewer runs than this, nothing ever waits. */
const LINGER_FROM_RUNS = 8;
/** A lazy event waits so long for one that is not; a model is seldom faster with its first token. */
const LAZY_MS = 20;
/** What shares rows with other runs moves into the runs' own logs so often. */
const SPREAD_MS = 1_000;
const RETRY_DELAYS_MS = [20, 50, 100, 250, 500, 1000];

interface PendingEvent {
  type: string;
  /** JSON of the payload, or the collected text of a delta. */
  payloadJson: string | null;
  text: string | null;
}

interface Finish {
  status: TerminalStatus;
  resultJson: string | null;
  failure: RunFailure | null;
}

interface Waiter {
  resolve: () => void;
  reject: (error: unknown) => void;
}

export interface WriterClaim {
  /** The ledger's when the run was claimed. */
  continuity: number;
  /** Hears why nothing more can be written. */
  onClosed: (reason: unknown) => void;
}

/** What one run has to append, and who waits for it. */
class RunLog {
  readonly run: Run;
  lastSeq: number;
  pending: PendingEvent[] = [];
  waiters: Waiter[] = [];
  progress = false;
  hasProgressed = false;
  /** A delta of it has been committed: from now on its reader sees something move. */
  hasFlowed = false;
  /** The owner's fence when the run was last certain to be held. */
  fence: number | null;
  finish: Finish | null = null;
  /** Set once and for good: nothing more may be written. */
  closed: unknown = null;

  /** The ledger's continuity then: a fence that was read before a crash of the server says nothing. */
  continuity: number;
  readonly onClosed: (reason: unknown) => void;

  constructor(run: Run, { continuity, onClosed }: WriterClaim) {
    this.run = run;
    this.continuity = continuity;
    this.onClosed = onClosed;
    this.lastSeq = run.lastSeq;
    this.fence = run.fence;
  }
}

/**
 * Appends the events of all runs of a process in shared transactions: the next batch is whatever gathered while the
 * last one was committing. Publishes every batch right after its commit.
 */
export class EventWriter {
  readonly #ledger: Ledger;
  readonly #channel: Channel;
  readonly #owner: string;
  readonly #onError: (error: unknown) => void;
  readonly #logs = new Map<string, RunLog>();
  readonly #dirty = new Set<RunLog>();
  #flushing = false;
  #lastFlushMs = 0;
  #batchNumber = 0;
  /** When the oldest row that several runs share was written; null when there is none. */
  #sharedSinceMs: number | null = null;
  /** Ends a lingering wait early. */
  #hurry: (() => void) | null = null;

  /** `onError` hears why a commit failed for good, or for how long it has been tried again. */
  constructor(options: {
    ledger: Ledger;
    channel: Channel;
    owner: string;
    onError?: (error: unknown) => void;
  }) {
    this.#ledger = options.ledger;
    this.#channel = options.channel;
    this.#owner = options.owner;
    this.#onError = options.onError ?? (() => {});
  }

  /** Starts writing for a run that was just claimed. */
  open(run: Run, claim: WriterClaim = { continuity: this.#ledger.continuity, onClosed: () => {} }): void {
    this.#logs.set(run.id, new RunLog(run, claim));
  }

  /** Stops writing for a claim; whatever is pending is rejected with `reason`. */
  close(run: Run, reason: unknown): void {
    const log = this.#logOf(run);
    if (log === undefined) return;
    this.#logs.delete(run.id);
    this.#closeLog(log, reason);
  }

  /** Whether this claim has brought anything that a takeover does not have to repeat. */
  hasProgressed(run: Run): boolean {
    return this.#logOf(run)?.hasProgressed ?? false;
  }

  /** `lazy` events are committed with the next one that is not, or a moment later. */
  append(run: Run, type: string, payload: unknown, progress: boolean, lazy = false): Promise<void> {
    return this.#enqueue(run, lazy, (log) => {
      const text = deltaText(payload);
      if (text === null) log.pending.push({ type, text: null, payloadJson: JSON.stringify(payload ?? {}) });
      else addText(log, type, text);
      log.progress ||= progress;
    });
  }

  /** Text that nobody waits for. */
  appendText(run: Run, type: string, text: string): void {
    const log = this.#logOf(run);
    if (log === undefined || log.closed !== null || log.finish !== null) return;
    addText(log, type, text);
    log.progress = true;
    this.#markDirty(log);
    if (!log.hasFlowed) this.#hurry?.();
  }

  /** Appends the terminal event and the status in the same transaction as everything pending. */
  finish(
    run: Run,
    finish: { status: TerminalStatus; result: unknown; failure: RunFailure | null },
  ): Promise<void> {
    return this.#enqueue(run, false, (log) => {
      const payloadJson = JSON.stringify(finish.failure ?? {});
      log.pending.push({ type: `run.${finish.status}`, text: null, payloadJson });
      log.finish = {
        status: finish.status,
        resultJson:
          finish.result === undefined || finish.result === null ? null : JSON.stringify(finish.result),
        failure: finish.failure,
      };
    });
  }

  /** A claim's own log: a process that has taken its own run over no longer writes for the claim before. */
  #logOf(run: Run): RunLog | undefined {
    const log = this.#logs.get(run.id);
    return log?.run.epoch === run.epoch ? log : undefined;
  }

  #enqueue(run: Run, lazy: boolean, add: (log: RunLog) => void): Promise<void> {
    const log = this.#logOf(run);
    if (log === undefined) return Promise.reject(new RunInterruption('lease_lost'));
    if (log.closed !== null) return Promise.reject(log.closed);
    // The end stands last, whatever an abandoned handler goes on to say.
    if (log.finish !== null) return Promise.reject(new Error(`run ${run.id} has ended already`));
    return new Promise((resolve, reject) => {
      add(log);
      log.waiters.push({ resolve, reject });
      if (lazy) {
        setTimeout(() => this.#markDirty(log), LAZY_MS);
        return;
      }
      this.#markDirty(log);
      // A reader who has seen nothing yet, and one who waits for the end, do not wait for company.
      if (!log.hasFlowed || log.finish !== null) this.#hurry?.();
    });
  }

  #markDirty(log: RunLog): void {
    if (log.pending.length === 0 || log.closed !== null) return;
    this.#dirty.add(log);
    if (!this.#flushing) void this.#flushAll();
  }

  async #flushAll(): Promise<void> {
    this.#flushing = true;
    while (this.#dirty.size > 0) {
      await this.#linger();
      const batch = [...this.#dirty].filter((log) => log.closed === null).map((log) => takeBatch(log));
      this.#dirty.clear();
      if (batch.length > 0) await this.#commit(batch);
      this.#lastFlushMs = performance.now();
    }
    this.#flushing = false;
  }

  async #linger(): Promise<void> {
    const waitMs = LINGER_MS - (performance.now() - this.#lastFlushMs);
    if (this.#logs.size < LINGER_FROM_RUNS || waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      this.#hurry = resolve;
      setTimeout(resolve, waitMs);
    });
    this.#hurry = null;
  }

  /**
   * Tries until it succeeds: a full disk or a lock held for long delays a run, and loses nothing of it. What fails for
   * another reason is tried run by run, so that what one of them says does not end the others.
   */
  async #commit(batch: readonly Batch[], isRetry = false): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#append(batch, isRetry || attempt > 0);
        return;
      } catch (error) {
        this.#onError(error);
        if (!mayPass(error)) {
          if (batch.length > 1) for (const entry of batch) await this.#commit([entry], true);
          else for (const entry of batch) this.#fail(entry, error);
          return;
        }
        await sleep(RETRY_DELAYS_MS[Math.min(attempt, RETRY_DELAYS_MS.length - 1)]);
        for (const entry of batch) if (entry.log.closed !== null) this.#fail(entry, entry.log.closed);
        batch = batch.filter((entry) => entry.log.closed === null);
        if (batch.length === 0) return;
      }
    }
  }

  async #append(batch: readonly Batch[], isRetry: boolean): Promise<void> {
    const now = ledgerTime();
    const number = ++this.#batchNumber;
    const spread = this.#sharedSinceMs !== null && performance.now() - this.#sharedSinceMs >= SPREAD_MS;
    let continuity = 0;
    const outcome = await this.#ledger.transaction((tx) => {
      continuity = this.#ledger.continuity;
      const requests = batch.map((entry) => requestOf(entry, isRetry, continuity));
      return appendEvents(tx, this.#owner, requests, now, { number, spread });
    });
    if (spread) this.#sharedSinceMs = null;
    if (outcome.shared) this.#sharedSinceMs ??= performance.now();
    for (const [index, entry] of batch.entries()) {
      if (outcome.appended[index] === true) Object.assign(entry.log, { fence: outcome.fence, continuity });
      this.#settle(entry, outcome.appended[index] === true, now);
    }
  }

  #settle(entry: Batch, appended: boolean, now: number): void {
    if (!appended) {
      this.#fail(entry, new RunInterruption('lease_lost'));
      return;
    }
    const { log, events } = entry;
    const firstSeq = log.lastSeq + 1;
    log.lastSeq += events.length;
    log.hasFlowed ||= entry.hasText;
    log.hasProgressed ||= entry.progress;
    this.#channel.publish(runTopic(log.run.id), publishedEvents(events, firstSeq, log.run.epoch, now));
    if (entry.finish !== null && this.#logOf(log.run) === log) this.#logs.delete(log.run.id);
    for (const waiter of entry.waiters) waiter.resolve();
  }

  #fail(entry: Batch, reason: unknown): void {
    for (const waiter of entry.waiters) waiter.reject(reason);
    this.#closeLog(entry.log, reason);
  }

  #closeLog(log: RunLog, reason: unknown): void {
    const wasOpen = log.closed === null;
    log.closed ??= reason;
    const waiters = log.waiters;
    log.waiters = [];
    log.pending = [];
    this.#dirty.delete(log);
    for (const waiter of waiters) waiter.reject(reason);
    if (wasOpen) log.onClosed(reason);
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof BudaoError && error.kind === 'unavailable' && error.code !== 'ledger_corrupt';
}

interface Batch {
  log: RunLog;
  events: AppendedEvent[];
  waiters: Waiter[];
  progress: boolean;
  hasText: boolean;
  finish: Finish | null;
}

function takeBatch(log: RunLog): Batch {
  const batch: Batch = {
    log,
    events: log.pending.map((event) => ({
      type: event.type,
      payloadJson: event.payloadJson ?? `{"text":${JSON.stringify(event.text)}}`,
      isDelta: event.text !== null,
    })),
    waiters: log.waiters,
    progress: log.progress,
    hasText: log.pending.some((event) => event.text !== null),
    finish: log.finish,
  };
  log.pending = [];
  log.waiters = [];
  log.progress = false;
  return batch;
}

function requestOf({ log, ...entry }: Batch, isRetry: boolean, continuity: number): AppendRequest {
  return {
    runId: log.run.id,
    epoch: log.run.epoch,
    firstSeq: log.lastSeq + 1,
    events: entry.events,
    firstProgress: entry.progress && !log.hasProgressed,
    finish: entry.finish,
    fence: log.continuity === continuity ? log.fence : null,
    isRetry,
  };
}

function addText(log: RunLog, type: string, text: string): void {
  const last = log.pending.at(-1);
  if (last !== undefined && last.type === type && last.text !== null) last.text += text;
  else log.pending.push({ type, text, payloadJson: null });
}

/** The text of a payload that is exactly `{text}`. */
function deltaText(payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const keys = Object.keys(payload);
  const text = (payload as { text?: unknown }).text;
  return keys.length === 1 && typeof text === 'string' ? text : null;
}

/** The payloads are JSON already: joined, not encoded again. */
function publishedEvents(events: Batch['events'], firstSeq: number, epoch: number, now: number): string {
  const parts = events.map(
    (event, offset) =>
      `{"seq":${firstSeq + offset},"epoch":${epoch},"type":"${event.type}","createdAt":${now},"payload":${event.payloadJson}}`,
  );
  return `[${parts.join(',')}]`;
}
