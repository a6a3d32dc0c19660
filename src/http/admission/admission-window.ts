/**
 * How many answers may be open at once, found out from what they suffer: a window that is cut while they are delayed, and
 * grows step by step while they are not. The sign is queueing delay, averaged so that a burst that is soon served is no
 * overload, as in WeChat's DAGOR (Zhou et al., 2018) and CoDel (Nichols and Jacobson, 2012); the moves are TCP's.
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
const TARGET_WAIT_MS = 200;
/** Every token of every stream of this process waits for a turn. */
const TARGET_LOOP_LAG_MS = 100;
/** An fsync of a slow disk is below it. */
const TARGET_COMMIT_MS = 400;
/** Of each new look; what was seen a second ago counts a quarter. */
const WEIGHT = 0.3;
/** Looks that lie further apart say nothing about the time between them. */
const LONGEST_GAP_MS = 2_000;
/** A cut takes time to be felt. */
const CUT_DISTANCE_MS = 500;
const SMALLEST_CUT = 0.1;
const LARGEST_CUT = 0.4;
const GROWTH = 0.04;
/** Below half of its targets there is room for more. */
const CALM = 0.5;
/** After so long without a cut it was no overload that comes and goes. */
const FORGET_MS = 10_000;
/** Below this it is not load that delays, and refusing would mend nothing. */
export const SMALLEST_WINDOW = 64;

export class AdmissionWindow {
  /** Infinite as long as nothing was ever delayed. */
  limit = Number.POSITIVE_INFINITY;
  /** The worst of the delays in parts of its target, smoothed; above 1 the window is cut. */
  delay = 0;
  #observedAtMs = Number.NEGATIVE_INFINITY;
  #cutAtMs = Number.NEGATIVE_INFINITY;

  observe(signs: LoadSigns, nowMs: number): void {
    const before = nowMs - this.#observedAtMs > LONGEST_GAP_MS ? 0 : this.delay;
    this.delay = before + WEIGHT * (worstDelay(signs) - before);
    this.#observedAtMs = nowMs;
    if (this.delay > 1) this.#cut(signs.open, nowMs);
    else if (this.delay < CALM) this.#grow(signs.open, nowMs);
  }

  #cut(open: number, nowMs: number): void {
    if (nowMs - this.#cutAtMs < CUT_DISTANCE_MS) return;
    this.#cutAtMs = nowMs;
    const share = Math.min(LARGEST_CUT, SMALLEST_CUT * this.delay);
    this.limit = Math.max(SMALLEST_WINDOW, Math.floor(Math.min(this.limit, open) * (1 - share)));
  }

  #grow(open: number, nowMs: number): void {
    // What is not used shows nothing about what could be borne.
    if (this.limit < 2 * Math.max(open, SMALLEST_WINDOW)) this.limit += Math.max(1, this.limit * GROWTH);
    else if (nowMs - this.#cutAtMs > FORGET_MS) this.limit = Number.POSITIVE_INFINITY;
  }
}

function worstDelay({ waitMs, loopLagMs, commitMs }: LoadSigns): number {
  return Math.max(waitMs / TARGET_WAIT_MS, loopLagMs / TARGET_LOOP_LAG_MS, commitMs / TARGET_COMMIT_MS);
}
