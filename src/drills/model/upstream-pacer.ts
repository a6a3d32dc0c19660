/** One clock for all streams of a test upstream: a timer per stream would cost more than the streams. */
export interface Pacer extends Disposable {
  /** Calls `emit` at the rate until it returns false. Returns a function that stops it early. */
  start(firstDelayMs: number, intervalMs: number, emit: () => boolean): () => void;
}

const TICK_MS = 5;

export function createPacer(): Pacer {
  const streams = new Set<{ nextAt: number; intervalMs: number; emit: () => boolean }>();
  let timer: NodeJS.Timeout | null = null;

  function tick(): void {
    const now = performance.now();
    for (const stream of streams) {
      // A late tick catches up, so that the rate holds on a busy machine.
      while (stream.nextAt <= now) {
        if (!stream.emit()) {
          streams.delete(stream);
          break;
        }
        stream.nextAt += stream.intervalMs;
      }
    }
    if (streams.size === 0) stop();
  }

  function stop(): void {
    if (timer !== null) clearInterval(timer);
    timer = null;
  }

  return {
    start(firstDelayMs, intervalMs, emit) {
      const stream = { nextAt: performance.now() + firstDelayMs, intervalMs, emit };
      streams.add(stream);
      timer ??= setInterval(tick, TICK_MS);
      return () => {
        streams.delete(stream);
        if (streams.size === 0) stop();
      };
    },
    [Symbol.dispose]() {
      streams.clear();
      stop();
    },
  };
}
