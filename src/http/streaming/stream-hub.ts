import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { Run } from '../../runs/run.ts';
import type { FeedListener } from '../../runs/run-feed.ts';
import { FAREWELL_MS, OUTAGE_CHECK_MS, PING_INTERVAL_MS } from '../limits.ts';
import { followToEnd } from './follow-to-end.ts';
import type { Projection } from './projection.ts';
import { SharedStream } from './shared-stream.ts';

/** The part of RunFeeds that streams need. */
export interface Feeds {
  follow(runId: string, listener: FeedListener, afterSeq?: number): () => void;
}

/** Whether the ledger answers this process. */
export interface LedgerOutage {
  /** How long it has been away; null while it answers. */
  readonly awayMs: number | null;
  readonly reason: unknown;
}

/** All streams that this process serves. A client that leaves cancels nothing; the last one ends the following. */
export class StreamHub implements Disposable {
  readonly #feeds: Feeds;
  readonly #shared = new Map<string, SharedStream>();
  readonly #streams = new Set<SharedStream>();
  readonly #sockets = new Set<ServerResponse>();
  /** Ends the wait of a request whose answer is sent whole. */
  readonly #waiters = new Set<(error: unknown) => void>();
  readonly #timers: NodeJS.Timeout[];
  #leaving: unknown = null;

  /** In an outage of the ledger streams stay open for `patienceMs`, in case it is soon over. */
  constructor(feeds: Feeds, outage: LedgerOutage, patienceMs: number) {
    this.#feeds = feeds;
    const ping = (): void => {
      const nowMs = performance.now();
      for (const stream of this.#streams) stream.ping(nowMs);
    };
    const lookAtLedger = (): void => {
      if ((outage.awayMs ?? 0) > patienceMs) this.#breakOff(outage.reason);
    };
    this.#timers = [setInterval(ping, PING_INTERVAL_MS), setInterval(lookAtLedger, OUTAGE_CHECK_MS)];
    for (const timer of this.#timers) timer.unref();
  }

  get clientCount(): number {
    return this.#sockets.size;
  }

  /**
   * Takes the reply over and streams `run` from frame `fromNumber` on. Streams with the same `surface` are projected
   * once for all their clients.
   */
  stream(
    reply: FastifyReply,
    request: { run: Run; surface: string; fromNumber: number; project: () => Projection },
  ): void {
    const raw = openEventStream(reply);
    // Gone while its question was being stored: its close was told before anyone listened.
    if (raw.destroyed) return;
    this.#sockets.add(raw);
    raw.on('close', () => this.#sockets.delete(raw));
    const key = `${request.surface} ${request.run.id}`;
    const existing = this.#shared.get(key);
    if (existing?.retains(request.fromNumber) === true) {
      existing.join(raw, request.fromNumber);
      return;
    }
    let stop: (() => void) | null = null;
    const stream = new SharedStream(request.project(), () => {
      stop?.();
      this.#streams.delete(stream);
      if (this.#shared.get(key) === stream) this.#shared.delete(key);
    });
    this.#shared.set(key, stream);
    this.#streams.add(stream);
    stream.join(raw, request.fromNumber);
    if (this.#leaving === null) stop = this.#feeds.follow(request.run.id, stream);
    else stream.breakOff(this.#leaving);
  }

  /**
   * Follows a run to its end through a projection, for answers that are sent whole; `isEnough` ends it earlier.
   *
   * @returns false when `signal` came first
   * @throws BudaoError when the ledger is away for long, or this process leaves
   */
  async followToEnd(
    runId: string,
    projection: Projection,
    signal: AbortSignal,
    isEnough: () => boolean = () => false,
  ): Promise<boolean> {
    if (this.#leaving !== null) throw this.#leaving;
    const broken = Promise.withResolvers<never>();
    const stopFollowing = new AbortController();
    this.#waiters.add(broken.reject);
    try {
      const ended = followToEnd(
        this.#feeds,
        runId,
        projection,
        AbortSignal.any([signal, stopFollowing.signal]),
        isEnough,
      );
      return await Promise.race([ended, broken.promise]);
    } finally {
      this.#waiters.delete(broken.reject);
      stopFollowing.abort();
    }
  }

  /** Sends all readers elsewhere, for `reason`. Resolves when they have been told, or take too long to hear it. */
  async leave(reason: unknown): Promise<void> {
    this.#leaving = reason;
    const told = [...this.#sockets].map((raw) => new Promise((resolve) => raw.once('close', resolve)));
    this.#breakOff(reason);
    const patience = new AbortController();
    const enough = sleep(FAREWELL_MS, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([Promise.all(told), enough]);
    patience.abort();
  }

  /** Cuts whatever connection is left, so that no client takes a shutdown for the end of its answer. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const raw of this.#sockets) raw.destroy();
  }

  #breakOff(reason: unknown): void {
    for (const stream of this.#streams) stream.breakOff(reason);
    for (const reject of this.#waiters) reject(reason);
  }
}

function openEventStream(reply: FastifyReply): ServerResponse {
  const headers = reply.getHeaders();
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  return raw;
}
