import type { Logger } from 'pino';

const LOOK_INTERVAL_MS = 1_000;
/** Slower corrections, as by a time server, hurt nobody. */
const JUMP_MS = 5_000;

/**
 * Says when the clock was set, or the machine slept: times in the log and in lists jump there, and what has a time
 * limit may end early or late.
 */
export class ClockWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #aheadMs = Date.now() - performance.now();

  constructor(log: Logger) {
    this.#timer = setInterval(() => {
      const aheadMs = Date.now() - performance.now();
      const jumpMs = Math.round(aheadMs - this.#aheadMs);
      this.#aheadMs = aheadMs;
      if (Math.abs(jumpMs) >= JUMP_MS) log.warn({ jumpMs }, 'the clock was set, or the machine slept');
    }, LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
