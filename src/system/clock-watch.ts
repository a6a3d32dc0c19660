import type { Logger } from 'pino';

const LOOK_INTERVAL_MS = 1_000;
/** Slower corrections, as by a time server, hurt nobody. */
const JUMP_MS = 5_000;
/** Less shows nowhere; signatures for object stores and logs of several nodes suffer from more. */
const OFF_MS = 5_000;

/**
 * Says when the clock was set, or the machine slept: times in the log jump there, and what has a time limit may end
 * early or late. Says too when it is off the installation's time, which leases and lists go by.
 */
export class ClockWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #aheadMs = Date.now() - performance.now();
  #isOff = false;

  constructor(log: Logger, installationTime: () => number = () => Date.now()) {
    this.#timer = setInterval(() => {
      const aheadMs = Date.now() - performance.now();
      const jumpMs = Math.round(aheadMs - this.#aheadMs);
      this.#aheadMs = aheadMs;
      if (Math.abs(jumpMs) >= JUMP_MS) log.warn({ jumpMs }, 'the clock was set, or the machine slept');
      const offMs = Math.round(Date.now() - installationTime());
      const isOff = Math.abs(offMs) >= OFF_MS;
      if (isOff && !this.#isOff)
        log.warn(
          { offMs },
          "this machine's clock is off the database's: set it by NTP; nothing is lost meanwhile",
        );
      if (!isOff && this.#isOff) log.info({ offMs }, "this machine's clock agrees with the database's again");
      this.#isOff = isOff;
    }, LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
