import { ApiError } from '../../api/api-error.ts';
import { readSse } from '../../api/sse.ts';
import type { StreamEvent } from '../../api/types.ts';

export interface FollowPorts {
  /** Opens the stream after the last event that was taken in. @throws ApiError */
  open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  /** Called when a stream ended in order without a last event: asks for the finished state. */
  settle: (signal: AbortSignal) => Promise<void>;
  isFinished: () => boolean;
  onEvent: (event: StreamEvent) => void;
  onConnection: (state: 'live' | 'broken') => void;
  /** True when the failure passes by itself; false ends the following with that failure. */
  mayRetry: (error: unknown, failuresInARow: number) => boolean;
  /** Waits before the next attempt; a session that ran out waits for the sign-in here. */
  wait: (delayMs: number, error: unknown, signal: AbortSignal) => Promise<void>;
  random: () => number;
}

const firstDelayMs = 150;
const maxDelayMs = 5_000;
/** The server sends a comment every 15 s: after two that did not come the connection is dead. */
const silenceLimitMs = 35_000;

/** Follows an answer to its end over as many connections as it takes. Rejects when there is no hope, or when aborted. */
export async function followAnswer(ports: FollowPorts, signal: AbortSignal): Promise<void> {
  let failuresInARow = 0;
  while (!ports.isFinished()) {
    signal.throwIfAborted();
    let failure: unknown = null;
    try {
      const progressed = await readOneConnection(ports, signal);
      failuresInARow = progressed ? 0 : failuresInARow + 1;
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
      failuresInARow = error instanceof BrokenOff && error.progressed ? 0 : failuresInARow + 1;
    }
    if (ports.isFinished()) return;
    if (failure !== null && !ports.mayRetry(failure, failuresInARow)) throw failure;
    ports.onConnection('broken');
    await ports.wait(backOff(failuresInARow, ports.random()), failure, signal);
  }
}

/** Exponential with full jitter above one half, so that a hundred open pages do not come back in step. */
export function backOff(failuresInARow: number, random: number): number {
  const ceiling = Math.min(firstDelayMs * 2 ** failuresInARow, maxDelayMs);
  return ceiling * (0.5 + random / 2);
}

/** A connection that was open and then was lost. */
class BrokenOff extends Error {
  readonly progressed: boolean;
  constructor(progressed: boolean, cause: unknown) {
    super('The connection broke off.', { cause });
    this.progressed = progressed;
  }
}

async function readOneConnection(ports: FollowPorts, signal: AbortSignal): Promise<boolean> {
  const connection = new AbortController();
  const abort = () => connection.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  let silence: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => connection.abort(new Error('silence')), silenceLimitMs);
  };
  let progressed = false;
  try {
    heard();
    const body = await ports.open(connection.signal);
    for await (const message of readSse(body)) {
      heard();
      ports.onConnection('live');
      if (message.kind === 'comment') continue;
      if (message.data === '[DONE]') {
        if (!ports.isFinished()) await ports.settle(connection.signal);
        return progressed;
      }
      ports.onEvent(JSON.parse(message.data) as StreamEvent);
      progressed = true;
      if (ports.isFinished()) return true;
    }
    return progressed;
  } catch (error) {
    throw error instanceof ApiError ? error : new BrokenOff(progressed, error);
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
    connection.abort();
  }
}
