import type { ServerResponse } from 'node:http';
import type { Run, RunEvent } from '../../runs/run.ts';
import type { FeedListener } from '../../runs/run-feed.ts';
import { errorReply } from '../foundation/error-reply.ts';
import {
  MAX_STALL_MS,
  MAX_STREAM_BACKLOG_CHARS,
  RETAINED_FRAME_CHARS,
  TOLERATED_FEED_ERRORS,
} from '../limits.ts';
import { type Projection, STREAM_END } from './projection.ts';

/** One client of a stream. It is behind while its socket takes no more. */
interface StreamClient {
  raw: ServerResponse;
  /** The number of the next frame to send. */
  cursor: number;
  /** How much of the stream was handed to the socket. */
  sentChars: number;
  /** When the socket stopped taking more, or null while it does. */
  blockedSinceMs: number | null;
}

/** One run's frames, made once and sent to all who watch it in this process. */
export class SharedStream implements FeedListener {
  readonly #projection: Projection;
  readonly #clients = new Set<StreamClient>();
  readonly #onEmpty: () => void;
  #frames: string[] = [];
  /** The number of the first retained frame. */
  #firstNumber = 0;
  #chars = 0;
  #retainedChars = 0;
  #hasEnded = false;
  #errors = 0;

  constructor(projection: Projection, onEmpty: () => void) {
    this.#projection = projection;
    this.#onEmpty = onEmpty;
    this.#append((frames) => projection.open(frames));
  }

  /** Whether a reader that wants the frames from `number` on can still join. */
  retains(number: number): boolean {
    return number >= this.#firstNumber && !this.#hasEnded;
  }

  /** The response's head is written already; everything from frame `number` on follows. */
  join(raw: ServerResponse, number: number): void {
    const client: StreamClient = { raw, cursor: number, sentChars: 0, blockedSinceMs: null };
    this.#clients.add(client);
    raw.on('close', () => this.#leave(client));
    // A reset connection is a client that left; it comes back by itself.
    raw.on('error', () => raw.destroy());
    raw.on('drain', () => {
      client.blockedSinceMs = null;
      this.#send(client, this.#textFrom(client.cursor));
    });
    this.#send(client, this.#textFrom(client.cursor));
  }

  onEvents(events: readonly RunEvent[]): void {
    this.#errors = 0;
    this.#append((frames) => {
      for (const event of events) this.#projection.push(event, frames);
    });
    this.#broadcast();
  }

  onEnd(run: Run): void {
    this.#append((frames) => this.#projection.close(run, frames));
    this.#hasEnded = true;
    this.#broadcast();
  }

  /** The feed goes on trying, for a while. */
  onError(error: unknown): void {
    this.#errors += 1;
    if (this.#errors >= TOLERATED_FEED_ERRORS) this.breakOff(error);
  }

  /**
   * Ends behind a whole frame, with an error by name and the number to go on from. No mark of a stream's end follows: it
   * would pass for that of an answer.
   */
  breakOff(error: unknown): void {
    const { code, message } = errorReply(error);
    for (const { raw, cursor } of this.#clients) {
      if (raw.destroyed || raw.writableEnded) continue;
      raw.end(this.#projection.breakOff({ code, message, lastNumber: cursor - 1 }));
    }
  }

  /** Keeps proxies from closing a quiet stream, and gives up on readers that take nothing. */
  ping(nowMs: number): void {
    for (const client of this.#clients) {
      if (client.raw.destroyed || client.raw.writableEnded) continue;
      if (client.blockedSinceMs === null) client.raw.write(': ping\n\n');
      else if (nowMs - client.blockedSinceMs > MAX_STALL_MS) client.raw.destroy();
    }
  }

  #append(add: (frames: string[]) => void): void {
    const before = this.#frames.length;
    add(this.#frames);
    let chars = 0;
    for (let index = before; index < this.#frames.length; index++) chars += this.#frames[index]?.length ?? 0;
    this.#chars += chars;
    this.#retainedChars += chars;
  }

  #broadcast(): void {
    let sharedCursor = -1;
    let shared: string | Buffer = '';
    for (const client of this.#clients) {
      if (client.blockedSinceMs !== null) {
        this.#cutIfTooFarBehind(client);
        continue;
      }
      if (client.cursor !== sharedCursor) {
        sharedCursor = client.cursor;
        shared = this.#textFrom(sharedCursor);
        if (this.#clients.size > 1) shared = Buffer.from(shared);
      }
      this.#send(client, shared);
    }
    this.#forgetSentFrames();
  }

  #send(client: StreamClient, text: string | Buffer): void {
    if (client.raw.destroyed || client.raw.writableEnded) return;
    client.cursor = Math.max(client.cursor, this.#firstNumber + this.#frames.length);
    client.sentChars = this.#chars;
    if (text.length > 0 && !client.raw.write(text)) client.blockedSinceMs = performance.now();
    if (this.#hasEnded) client.raw.end(STREAM_END);
  }

  #textFrom(number: number): string {
    const from = Math.max(0, number - this.#firstNumber);
    const count = this.#frames.length - from;
    if (count === 1) return this.#frames[from] ?? '';
    return count <= 0 ? '' : this.#frames.slice(from).join('');
  }

  #cutIfTooFarBehind(client: StreamClient): void {
    const behindChars = this.#chars - client.sentChars + client.raw.writableLength;
    if (behindChars > MAX_STREAM_BACKLOG_CHARS) client.raw.destroy();
  }

  /** A long stream does not pile up in memory once all have it; later readers get a projection of their own. */
  #forgetSentFrames(): void {
    if (this.#retainedChars < RETAINED_FRAME_CHARS) return;
    const end = this.#firstNumber + this.#frames.length;
    for (const client of this.#clients) if (client.cursor < end) return;
    this.#firstNumber = end;
    this.#frames = [];
    this.#retainedChars = 0;
  }

  #leave(client: StreamClient): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#onEmpty();
  }
}
