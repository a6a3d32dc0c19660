import type { CircuitCondition, Forcing } from './circuit.ts';
import type { DependencyKind } from './dependency.ts';

/** How one process sees one thing that it depends on. Times are milliseconds since 1970; counts are since its start. */
export interface DependencyState {
  name: string;
  kind: DependencyKind;
  condition: CircuitCondition;
  forced: Forcing;
  /** Whether a call would be let through now. */
  isUsable: boolean;
  /** Whether it is expected to go well; not so when only time has ended a rest. */
  isTrusted: boolean;
  /** When it was last opened or closed; the tries in between do not count. */
  changedAt: number;
  /** When an open circuit lets a probe through; null while it is closed or set by hand. */
  nextTryAt: number | null;
  /** Null when the last call went well. */
  lastError: { code: string; message: string; at: number } | null;
  inFlight: number;
  waiting: number;
  /** Of `call`s alone; null as long as there were few. */
  p95Ms: number | null;
  calls: number;
  failures: number;
  /** Calls that were kept away: an open circuit, or no place. */
  refused: number;
  hedges: number;
  hedgesWon: number;
  retries: number;
  retriesRefused: number;
}
