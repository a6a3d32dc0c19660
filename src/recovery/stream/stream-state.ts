/** What is known of the stream of changes into one repository, for people, metrics and alerts. */

export const STREAM_PHASES = ['starting', 'base', 'shipping', 'waiting', 'archived'] as const;
/**
 * starting: nothing has been done yet. base: a whole copy is being stored, changes since it follow. shipping: changes
 * are stored as they come. waiting: it cannot go on, `reason` says why; it is tried again by itself. archived: a database
 * server ships its own log, and this only watches it.
 */
export type StreamPhase = (typeof STREAM_PHASES)[number];

export interface StreamState {
  /** As the settings call it; for a database server its archive. */
  repository: string;
  phase: StreamPhase;
  /** Milliseconds since the epoch, as all times here: everything acknowledged before it can be restored. Null: nothing. */
  coveredUntil: number | null;
  /** The oldest point in time of the present generation. */
  coveredSince: number | null;
  /** What would be lost if the machine were lost now; null where nothing is covered. */
  lagMs: number | null;
  generation: string | null;
  segments: number;
  /** As stored since this generation began. */
  bytes: number;
  /** Why it waits, in words with what to do, and its code. */
  reason: { code: string; message: string } | null;
  /** How often continuity was lost since the service started: what lies between was not covered. */
  gaps: number;
  /** When this was told. */
  at: number;
}

/** A supervisor that has not spoken for so long may be gone: what it said grows older meanwhile. */
const STALE_MS = 15_000;

/** What was said last, as it is now: the lag of whoever says no more grows with the time. */
export function agedStates(states: readonly StreamState[], now: number): StreamState[] {
  return states.map((state) => {
    const isStale = now - state.at > STALE_MS && state.coveredUntil !== null;
    return isStale ? { ...state, lagMs: now - (state.coveredUntil ?? now) } : state;
  });
}

/** The best that any repository has: what would be lost now. Null where no stream covers anything. */
export function recoveryPointLagMs(states: readonly StreamState[]): number | null {
  const lags = states.flatMap(({ lagMs }) => (lagMs === null ? [] : [lagMs]));
  return lags.length === 0 ? null : Math.min(...lags);
}
