import type { Logger } from 'pino';
import { BudaoError } from '../contract/errors.ts';

const FIRST_REMINDER_MS = 60_000;
const MAX_REMINDER_MS = 15 * 60_000;
/** Quiet for so long, a trouble counts as over. */
const QUIET_MS = 10_000;
const LOOK_INTERVAL_MS = 2_000;

interface Episode {
  code: string;
  times: number;
  startedMs: number;
  lastMs: number;
  reminderMs: number;
  remindAtMs: number;
}

/**
 * A trouble that passes by itself, such as a full disk, is met again and again by everything that goes on trying: it
 * is logged when it begins, seldom while it lasts, and when it is over. Anything else is logged each time.
 */
export class RepeatedWarnings implements Disposable {
  readonly #log: Logger;
  readonly #episodes = new Map<string, Episode>();
  readonly #timer: NodeJS.Timeout;

  constructor(log: Logger) {
    this.#log = log;
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  warn(error: unknown, details: object, message: string): void {
    if (!(error instanceof BudaoError) || error.kind !== 'unavailable') {
      this.#log.warn({ ...details, err: error }, message);
      return;
    }
    const nowMs = performance.now();
    const known = this.#episodes.get(error.code);
    if (known !== undefined) {
      known.times += 1;
      known.lastMs = nowMs;
      return;
    }
    this.#log.warn({ ...details, code: error.code }, `${message}: ${error.message}`);
    this.#episodes.set(error.code, {
      code: error.code,
      times: 1,
      startedMs: nowMs,
      lastMs: nowMs,
      reminderMs: FIRST_REMINDER_MS,
      remindAtMs: nowMs + withJitter(FIRST_REMINDER_MS),
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    for (const episode of this.#episodes.values()) {
      const { code, times } = episode;
      if (nowMs - episode.lastMs >= QUIET_MS) {
        this.#episodes.delete(code);
        if (times === 1) continue;
        const lastedMs = Math.round(episode.lastMs - episode.startedMs);
        this.#log.warn({ code, times, lastedMs }, 'the trouble has not come again');
      } else if (nowMs >= episode.remindAtMs) {
        const lastsMs = Math.round(nowMs - episode.startedMs);
        this.#log.warn({ code, times, lastsMs }, 'the trouble lasts; still trying');
        episode.reminderMs = Math.min(MAX_REMINDER_MS, episode.reminderMs * 2);
        episode.remindAtMs = nowMs + withJitter(episode.reminderMs);
      }
    }
  }
}

/** Several processes meet the same trouble at once, and need not all speak at once. */
function withJitter(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
