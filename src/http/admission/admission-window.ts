/**
 * How many answers may be open at once, found out from what they suffer: a window that is cut when a delay stands, and
 * grows step by step when there is none. The sign is CoDel's (a delay that stays above its target for a whole interval;
 * Nichols and Jacobson, 2012), the moves are TCP's, as in WeChat's DAGOR (Zhou et al., 2018), which also goes by the
 * queueing delay. A burst that is served within the interval is no overload.
 */
export interface LoadSigns {
  /** Answers that wait or are being written. */
  open: number;
  /** Since when the oldest question could have been claimed, and was not. */
  waitMs: number;
  /** How long one turn of this process's event loop takes. */
  loopLagMs: number;
  /** How long it took to store a question. */
  commitMs: number;
}

/** People take less for immediate; a claim needs a few. */
export const TARGET_WAIT_MS = 200;
/** Every token of every stream of this process waits for a turn. */
const TARGET_LOOP_LAG_MS = 100;
/** An fsync of a slow disk is below it. */
const TARGET_COMMIT_MS = 400;
/** A delay that stands for so long is no burst. The window is cut once in so long at most: a cut takes time to be felt. */
export const INTERVAL_MS = 500;
/** Signs that lie further apart say nothing about the time between them. */
const LONGEST_GAP_MS = 2_000;
const CUT = 0.9;
const GROWTH = 0.05;
/** Below this it is not load that delays, and refusing would mend nothing. */
export const SMALLEST_WINDOW = 16;

export class AdmissionWindow {
  /** Infinite as long as nothing was ever delayed. */
  limit = Number.POSITIVE_INFINITY;
  #aboveSinceMs: number | null = null;
  #observedAtMs = Number.NEGATIVE_INFINITY;

  observe(signs: LoadSigns, nowMs: number): void {
    const isContinuous = nowMs - this.#observedAtMs <= LONGEST_GAP_MS;
    this.#observedAtMs = nowMs;
    if (!isDelayed(signs)) {
      this.#aboveSinceMs = null;
      this.#grow(signs.open);
      return;
    }
    if (this.#aboveSinceMs === null || !isContinuous) this.#aboveSinceMs = nowMs;
    if (nowMs - this.#aboveSinceMs < INTERVAL_MS) return;
    this.#aboveSinceMs = nowMs;
    this.limit = Math.max(SMALLEST_WINDOW, Math.floor(Math.min(this.limit, signs.open) * CUT));
  }

  #grow(open: number): void {
    this.limit += Math.max(1, this.limit * GROWTH);
    // Far above what is asked for it limits nothing; the next overload starts from what is open then.
    if (this.limit > 2 * Math.max(open, SMALLEST_WINDOW)) this.limit = Number.POSITIVE_INFINITY;
  }
}

function isDelayed({ waitMs, loopLagMs, commitMs }: LoadSigns): boolean {
  return waitMs > TARGET_WAIT_MS || loopLagMs > TARGET_LOOP_LAG_MS || commitMs > TARGET_COMMIT_MS;
}
