/**
 * How many answers may be open at once, found out from what they suffer: a window that is cut while they are delayed, and
 * grows step by step while they are not. The sign is queueing delay, as in WeChat's DAGOR (Zhou et al., 2018). Of waiting
 * only what stands counts, the least of the last second, as in CoDel (Nichols and Jacobson, 2012): a burst that is soon
 * served, as when everybody starts to work at nine, is no overload. The moves are TCP's.
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
/** A queue that was short once within this time was a burst. */
const STANDING_MS = 1_000;
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
  /** The worst of the delays in parts of its target; above 1 the window is cut. */
  delay = 0;
  readonly #waits: { atMs: number; waitMs: number }[] = [];
  #smoothed = 0;
  #observedAtMs = Number.NEGATIVE_INFINITY;
  #cutAtMs = Number.NEGATIVE_INFINITY;

  observe(signs: LoadSigns, nowMs: number): void {
    const isNew = nowMs - this.#observedAtMs > LONGEST_GAP_MS;
    if (isNew) this.#waits.length = 0;
    this.#smoothed = (isNew ? 0 : this.#smoothed * (1 - WEIGHT)) + WEIGHT * turnDelay(signs);
    this.#observedAtMs = nowMs;
    this.delay = Math.max(this.#smoothed, this.#standingWaitMs(signs.waitMs, nowMs) / TARGET_WAIT_MS);
    if (this.delay > 1) this.#cut(signs.open, nowMs);
    else if (this.delay < CALM) this.#grow(signs.open, nowMs);
  }

  /** 0 until looks reach back far enough to tell. */
  #standingWaitMs(waitMs: number, nowMs: number): number {
    this.#waits.push({ atMs: nowMs, waitMs });
    // The look that is just older than the time in question stays: it is the one that covers its beginning.
    while ((this.#waits[1]?.atMs ?? nowMs) <= nowMs - STANDING_MS) this.#waits.shift();
    const [oldest] = this.#waits;
    if (oldest === undefined || oldest.atMs > nowMs - STANDING_MS) return 0;
    return Math.min(...this.#waits.map((look) => look.waitMs));
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

function turnDelay({ loopLagMs, commitMs }: LoadSigns): number {
  return Math.max(loopLagMs / TARGET_LOOP_LAG_MS, commitMs / TARGET_COMMIT_MS);
}
