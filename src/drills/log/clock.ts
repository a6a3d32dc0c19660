/**
 * The clock of a drill: CLOCK_MONOTONIC of this machine, which all its processes and threads share, and which no change
 * of the time of day moves.
 */
export interface DrillClock {
  /** What the clock said at 0, in ns. */
  readonly originNs: string;
  /** Milliseconds since the drill began. */
  nowMs(): number;
}

/** @param originNs of a drill that is under way in another thread or process */
export function createDrillClock(originNs = String(process.hrtime.bigint())): DrillClock {
  const origin = BigInt(originNs);
  return { originNs, nowMs: () => Number((process.hrtime.bigint() - origin) / 1_000n) / 1_000 };
}
