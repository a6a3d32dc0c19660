/** Statistics of pairs: the same questions, before and after. */

/** Resamples; bounds move by less than a thousandth between seeds. */
const RESAMPLES = 10_000;
/** One-sided: 95 % of resamples lie above the lower bound. */
const TAIL = 0.05;

/**
 * Exact McNemar test, two-sided: of `lost + gained` questions that changed sides each is as likely to have gone either
 * way. McNemar 1947, "Note on the sampling error of the difference between correlated proportions"; the exact form is
 * the binomial test with p = ½ on the discordant pairs.
 */
export function exactMcNemar(lost: number, gained: number): number {
  const changed = lost + gained;
  if (changed === 0) return 1;
  const smaller = Math.min(lost, gained);
  let logTerm = -changed * Math.LN2;
  let tail = Math.exp(logTerm);
  for (let k = 1; k <= smaller; k += 1) {
    logTerm += Math.log((changed - k + 1) / k);
    tail += Math.exp(logTerm);
  }
  return Math.min(1, 2 * tail);
}

export interface Bounds {
  mean: number;
  lower: number;
  upper: number;
}

/**
 * Percentile bootstrap of the mean of paired differences (Efron and Tibshirani 1993, "An Introduction to the Bootstrap",
 * chapter 13). The same seed gives the same bounds.
 */
export function bootstrapBounds(differences: readonly number[], seed: number): Bounds {
  const size = differences.length;
  const mean = differences.reduce((sum, value) => sum + value, 0) / Math.max(1, size);
  if (size === 0 || differences.every((value) => value === differences[0])) {
    return { mean, lower: mean, upper: mean };
  }
  const random = seededRandom(seed);
  const means = new Float64Array(RESAMPLES);
  for (let at = 0; at < RESAMPLES; at += 1) {
    let sum = 0;
    for (let drawn = 0; drawn < size; drawn += 1) {
      sum += differences[Math.floor(random() * size)] as number;
    }
    means[at] = sum / size;
  }
  means.sort();
  const atShare = (share: number) => means[Math.round(share * (RESAMPLES - 1))] as number;
  return { mean, lower: atShare(TAIL), upper: atShare(1 - TAIL) };
}

/** Mulberry32 by Tommy Ettinger, public domain: small, and even enough for resampling. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
