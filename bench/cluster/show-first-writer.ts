import { setTimeout as sleep } from 'node:timers/promises';
import { ledgerTime } from '../../src/ledger/clock.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { type Channel, runTopic } from '../../src/runs/channel.ts';
import { RunInterruption } from '../../src/runs/interruption.ts';
import type { Run, RunFailure, TerminalStatus } from '../../src/runs/run.ts';
import { type AppendedEvent, type AppendRequest, appendEvents } from '../../src/runs/run-appends.ts';

/** As the product's writer, so that the two log equally often. */
const LINGER_MS = 64;
const LINGER_FROM_RUNS = 8;
const SPREAD_MS = 1_000;

interface RunLog {
  run: Run;
  onClosed: (reason: unknown) => void;
  /** Shown, and logged, up to here. */
  shownSeq: number;
  loggedSeq: number;
  pending: AppendedEvent[];
  fence: number | null;
  hasProgressed: boolean;
  finish: AppendRequest['finish'];
  finished: PromiseWithResolvers<void>;
}

/**
 * What durability costs is seen against this: every event is shown when it happens, and logged behind it in the same
 * shared transactions. Only the end waits for its commit, as everybody looks for it in the ledger. What dies with a
 * process was shown, and is lost: for measurements only.
 */
export class EventWriter {
  readonly #ledger: Ledger;
  readonly #channel: Channel;
  readonly #owner: string;
  readonly #logs = new Map<string, RunLog>();
  readonly #dirty = new Set<RunLog>();
  #flushing = false;
  #batchNumber = 0;
  #lastFlushMs = 0;
  #sharedSinceMs: number | null = null;

  constructor(options: { ledger: Ledger; channel: Channel; owner: string }) {
    this.#ledger = options.ledger;
    this.#channel = options.channel;
    this.#owner = options.owner;
  }

  open(run: Run, { onClosed }: { onClosed: (reason: unknown) => void }): void {
    this.#logs.set(run.id, {
      run,
      onClosed,
      shownSeq: run.lastSeq,
      loggedSeq: run.lastSeq,
      pending: [],
      fence: run.fence,
      hasProgressed: false,
      finish: null,
      finished: Promise.withResolvers(),
    });
  }

  close(run: Run): void {
    this.#logs.delete(run.id);
  }

  hasProgressed(run: Run): boolean {
    return this.#logs.get(run.id)?.hasProgressed ?? false;
  }

  append(run: Run, type: string, payload: unknown): Promise<void> {
    const log = this.#logs.get(run.id);
    if (log === undefined) return Promise.reject(new RunInterruption('lease_lost'));
    this.#show(log, { type, payloadJson: JSON.stringify(payload ?? {}), isDelta: false });
    return Promise.resolve();
  }

  appendText(run: Run, type: string, text: string): void {
    const log = this.#logs.get(run.id);
    if (log !== undefined) this.#show(log, { type, payloadJson: JSON.stringify({ text }), isDelta: true });
  }

  finish(
    run: Run,
    finish: { status: TerminalStatus; result: unknown; failure: RunFailure | null },
  ): Promise<void> {
    const log = this.#logs.get(run.id);
    if (log === undefined) return Promise.reject(new RunInterruption('lease_lost'));
    const payloadJson = JSON.stringify(finish.failure ?? {});
    log.pending.push({ type: `run.${finish.status}`, payloadJson, isDelta: false });
    log.finish = { ...finish, resultJson: JSON.stringify(finish.result ?? null) };
    this.#flushSoon(log);
    return log.finished.promise;
  }

  #show(log: RunLog, event: AppendedEvent): void {
    log.pending.push(event);
    this.#publish(log, event, ++log.shownSeq);
    this.#flushSoon(log);
  }

  #publish({ run }: RunLog, { type, payloadJson }: AppendedEvent, seq: number): void {
    const head = `"seq":${seq},"epoch":${run.epoch},"type":"${type}","createdAt":${ledgerTime()}`;
    this.#channel.publish(runTopic(run.id), `[{${head},"payload":${payloadJson}}]`);
  }

  #flushSoon(log: RunLog): void {
    this.#dirty.add(log);
    if (!this.#flushing) void this.#flushAll();
  }

  async #flushAll(): Promise<void> {
    this.#flushing = true;
    while (this.#dirty.size > 0) {
      const waitMs = LINGER_MS - (performance.now() - this.#lastFlushMs);
      if (this.#logs.size >= LINGER_FROM_RUNS && waitMs > 0) await sleep(waitMs);
      const logs = [...this.#dirty];
      this.#dirty.clear();
      await this.#log(logs);
      this.#lastFlushMs = performance.now();
    }
    this.#flushing = false;
  }

  async #log(logs: readonly RunLog[]): Promise<void> {
    const requests = logs.map(requestOf);
    for (const log of logs) log.pending = [];
    const spread = this.#sharedSinceMs !== null && performance.now() - this.#sharedSinceMs >= SPREAD_MS;
    const batch = { number: ++this.#batchNumber, spread };
    const outcome = await this.#ledger.transaction((tx) =>
      appendEvents(tx, this.#owner, requests, ledgerTime(), batch),
    );
    if (spread) this.#sharedSinceMs = null;
    if (outcome.shared) this.#sharedSinceMs ??= performance.now();
    for (const [index, log] of logs.entries()) {
      const request = requests[index] as AppendRequest;
      if (outcome.appended[index] === true) this.#settle(log, request, outcome.fence);
      else this.#fail(log);
    }
  }

  #settle(log: RunLog, { events, finish }: AppendRequest, fence: number | null): void {
    log.loggedSeq += events.length;
    log.fence = fence;
    log.hasProgressed = true;
    const last = events.at(-1);
    if (finish === null || last === undefined) return;
    this.#publish(log, last, log.loggedSeq);
    this.#logs.delete(log.run.id);
    log.finished.resolve();
  }

  #fail(log: RunLog): void {
    const reason = new RunInterruption('lease_lost');
    this.#logs.delete(log.run.id);
    // Nobody may be waiting for the end yet.
    log.finished.promise.catch(() => {});
    log.finished.reject(reason);
    log.onClosed(reason);
  }
}

function requestOf(log: RunLog): AppendRequest {
  return {
    runId: log.run.id,
    epoch: log.run.epoch,
    firstSeq: log.loggedSeq + 1,
    events: log.pending,
    firstProgress: !log.hasProgressed,
    finish: log.finish,
    fence: log.fence,
    isRetry: false,
  };
}
