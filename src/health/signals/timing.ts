/** Durations counted in buckets: cheap to add, to merge over processes and to subtract over time. */

/** Upper bounds in seconds; longer ones fall into one bucket more. */
export const BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
] as const;
const LONGEST_SECONDS = 900;

export interface Timing {
  sumSeconds: number;
  /** One more than there are bounds. */
  buckets: number[];
}

export function emptyTiming(): Timing {
  return { sumSeconds: 0, buckets: Array.from({ length: BOUNDS_SECONDS.length + 1 }, () => 0) };
}

export function addDuration(timing: Timing, seconds: number): void {
  let bucket = 0;
  while (bucket < BOUNDS_SECONDS.length && seconds > (BOUNDS_SECONDS[bucket] as number)) bucket++;
  timing.buckets[bucket] = (timing.buckets[bucket] ?? 0) + 1;
  timing.sumSeconds += seconds;
}

export function addTiming(total: Timing, part: Timing): void {
  total.sumSeconds += part.sumSeconds;
  for (const [bucket, count] of part.buckets.entries()) {
    total.buckets[bucket] = (total.buckets[bucket] ?? 0) + count;
  }
}

/** What came after `earlier`; all of it where `earlier` is none of its past. */
export function timingSince(timing: Timing, earlier: Timing | undefined): Timing {
  if (earlier === undefined) return timing;
  const buckets = timing.buckets.map((count, bucket) => count - (earlier.buckets[bucket] ?? 0));
  if (buckets.some((count) => count < 0)) return timing;
  return { sumSeconds: Math.max(0, timing.sumSeconds - earlier.sumSeconds), buckets };
}

export function countOf(timing: Timing): number {
  return timing.buckets.reduce((sum, count) => sum + count, 0);
}

/** The duration that a share of all does not exceed, interpolated in its bucket; null when there are none. */
export function quantile(timing: Timing, share: number): number | null {
  const total = countOf(timing);
  if (total === 0) return null;
  let before = 0;
  for (const [bucket, count] of timing.buckets.entries()) {
    if (count > 0 && before + count >= share * total) {
      const from = BOUNDS_SECONDS[bucket - 1] ?? 0;
      const to = BOUNDS_SECONDS[bucket] ?? LONGEST_SECONDS;
      return from + ((share * total - before) / count) * (to - from);
    }
    before += count;
  }
  return LONGEST_SECONDS;
}
