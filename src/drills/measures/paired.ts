import { createHash } from 'node:crypto';

const RESAMPLES = 2_000;

/** Two-sided exact test of McNemar: how probable so unequal a split of the changed pairs is by chance alone. */
export function mcnemarExact(worse: number, better: number): number {
  const n = worse + better;
  if (n === 0) return 1;
  let tail = 0;
  for (let k = 0, term = 0.5 ** n; k <= Math.min(worse, better); k++) {
    tail += term;
    term *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

/** Lower end of the 95 % interval of the mean, by the percentile bootstrap (Efron, 1979); the seed makes it repeatable. */
export function lowerBound(differences: readonly number[], seed: string): number {
  const next = randomFrom(seed);
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let drawn = 0; drawn < differences.length; drawn++)
      sum += differences[Math.floor(next() * differences.length)] as number;
    return sum / differences.length;
  });
  return means.sort((left, right) => left - right)[Math.floor(RESAMPLES * 0.025)] as number;
}

/** Mulberry32. */
function randomFrom(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
