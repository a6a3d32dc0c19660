import type { Readable } from 'node:stream';

export interface BodyReader {
  /** The next bytes, all that have gathered since; null at the end. Rejects with the stream's error. */
  next(): Promise<Buffer | null>;
  /** Reads what is left without looking, so that the connection can be used again; drops it after `limitMs`. */
  drain(limitMs: number): void;
}

/** Reads a response body by hand: an async iterator costs more, and leaving it early would drop the connection. */
export function readBody(body: Readable): BodyReader {
  let wake: (() => void) | null = null;
  let failure: Error | null = null;
  let ended = false;

  function notify(): void {
    wake?.();
    wake = null;
  }

  body.on('readable', notify);
  body.on('end', () => {
    ended = true;
    notify();
  });
  body.on('error', (error) => {
    failure = error;
    notify();
  });
  body.on('close', () => {
    ended = true;
    notify();
  });

  return {
    async next() {
      while (true) {
        if (failure !== null) throw failure;
        const chunk = body.read() as Buffer | null;
        if (chunk !== null) return chunk;
        // Reading may have found the error or the end just now.
        if (failure !== null) throw failure as Error;
        if (ended) return null;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },

    drain(limitMs) {
      if (ended) return;
      body.off('readable', notify);
      body.resume();
      const timer = setTimeout(() => body.destroy(), limitMs).unref();
      body.once('close', () => clearTimeout(timer));
    },
  };
}
