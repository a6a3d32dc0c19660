/**
 * Tiers of GB/T 20988-2007 by RTO and RPO alone: 6: minutes / 0; 5: minutes to 2 d / up to 30 min; 4: hours to 2 d /
 * hours to 1 d; 3: 12 h and more / hours to 1 d; 2: 24 h and more / 1–7 d; 1: 2 d and more / 1–7 d. A level also asks for
 * facilities, staff and rehearsed plans.
 */
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const BANDS = [
  { level: 6, rtoMs: 60 * MINUTE_MS, rpoMs: 0 },
  { level: 5, rtoMs: 2 * DAY_MS, rpoMs: 30 * MINUTE_MS },
  { level: 4, rtoMs: 2 * DAY_MS, rpoMs: DAY_MS },
  { level: 3, rtoMs: 7 * DAY_MS, rpoMs: DAY_MS },
  { level: 1, rtoMs: Number.POSITIVE_INFINITY, rpoMs: 7 * DAY_MS },
];

/** The highest level whose band holds both; null where one of them is not known, or lies beyond all of them. */
export function bandOf(rtoMs: number | null, rpoMs: number | null, lost: number): number | null {
  if (rtoMs === null || rpoMs === null) return null;
  return (
    BANDS.find((band) => rtoMs <= band.rtoMs && rpoMs <= band.rpoMs && (band.rpoMs > 0 || lost === 0))
      ?.level ?? null
  );
}
