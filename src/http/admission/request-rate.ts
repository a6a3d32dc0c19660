/** Bounds what is remembered; the oldest keys have long been quiet. */
const MAX_KEYS = 10_000;
const MINUTE_MS = 60_000;

export interface RateDecision {
  isAdmitted: boolean;
  /** Requests that would be admitted now. */
  remaining: number;
  /** Until another one is admitted; 0 when one is. */
  retryAfterMs: number;
}

/**
 * Requests a minute by key, as the generic cell rate algorithm (ITU-T I.371): one time for each key, a minute's
 * allowance may come at once, and what was used comes back evenly.
 */
export class RequestRates {
  /** When a key will have its whole allowance back. */
  readonly #fullAtMs = new Map<string, number>();

  take(key: string, perMinute: number, nowMs: number): RateDecision {
    const costMs = MINUTE_MS / perMinute;
    const usedMs = Math.max(0, (this.#fullAtMs.get(key) ?? 0) - nowMs);
    const excessMs = usedMs + costMs - MINUTE_MS;
    // A hair of rounding must not cost a request.
    if (excessMs > 1e-6 && usedMs > 0) {
      return { isAdmitted: false, remaining: 0, retryAfterMs: Math.ceil(excessMs) };
    }
    this.#fullAtMs.delete(key);
    if (this.#fullAtMs.size >= MAX_KEYS) this.#forgetOldest();
    this.#fullAtMs.set(key, nowMs + usedMs + costMs);
    return {
      isAdmitted: true,
      remaining: Math.max(0, Math.floor((MINUTE_MS - usedMs - costMs) / costMs + 1e-6)),
      retryAfterMs: 0,
    };
  }

  #forgetOldest(): void {
    const oldest = this.#fullAtMs.keys().next();
    if (oldest.done !== true) this.#fullAtMs.delete(oldest.value);
  }
}
