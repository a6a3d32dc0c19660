import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Run } from '../../runs/run.ts';
import type { FeedListener } from '../../runs/run-feed.ts';
import { PING_INTERVAL_MS, TOLERATED_FEED_ERRORS } from '../limits.ts';
import type { Projection } from './projection.ts';
import { SharedStream } from './shared-stream.ts';

/** The part of RunFeeds that streams need. */
export interface Feeds {
  follow(runId: string, listener: FeedListener, afterSeq?: number): () => void;
}

/** All streams that this process serves. A client that leaves cancels nothing; the last one ends the following. */
export class StreamHub implements Disposable {
  readonly #feeds: Feeds;
  readonly #shared = new Map<string, SharedStream>();
  readonly #streams = new Set<SharedStream>();
  readonly #sockets = new Set<ServerResponse>();
  readonly #pingTimer: NodeJS.Timeout;

  constructor(feeds: Feeds) {
    this.#feeds = feeds;
    this.#pingTimer = setInterval(() => {
      const nowMs = performance.now();
      for (const stream of this.#streams) stream.ping(nowMs);
    }, PING_INTERVAL_MS);
    this.#pingTimer.unref();
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
    stop = this.#feeds.follow(request.run.id, stream);
  }

  /** Cuts every connection, so that no client takes a shutdown for the end of its answer. */
  [Symbol.dispose](): void {
    clearInterval(this.#pingTimer);
    for (const raw of this.#sockets) raw.destroy();
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

/**
 * Follows a run to its end through a projection, for answers that are sent whole; `isEnough` ends it earlier.
 *
 * @returns false when `signal` came first
 */
export function followToEnd(
  feeds: Feeds,
  runId: string,
  projection: Projection,
  signal: AbortSignal,
  isEnough: () => boolean = () => false,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const frames: string[] = [];
    let errors = 0;
    projection.open(frames);
    const stop = feeds.follow(runId, {
      onEvents: (events) => {
        errors = 0;
        for (const event of events) projection.push(event, frames);
        frames.length = 0;
        if (!isEnough()) return;
        stop();
        resolve(true);
      },
      onEnd: (run) => {
        projection.close(run, frames);
        resolve(true);
      },
      onError: (error) => {
        errors += 1;
        if (errors < TOLERATED_FEED_ERRORS) return;
        stop();
        reject(error);
      },
    });
    const leave = (): void => {
      stop();
      resolve(false);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
