import { COUNTERS, type CounterName, type GaugeName, isKeyed, type TimingName } from './signals.ts';
import { addDuration, emptyTiming, type Timing } from './timing.ts';

/** What a keyed gauge tells apart at most; an installation with more has no use for one alarm each. */
const MAX_KEYS = 24;
const MAX_KEY_CHARACTERS = 48;

/** Values of one gauge by key; the empty key where it has none. */
export type GaugeValues = ReadonlyMap<string, number>;

/**
 * What one process measures of itself. Counting is an addition to a plain number: nothing is labelled, hashed or
 * observed until somebody asks.
 */
export class Meter {
  readonly counters: Record<CounterName, number>;
  readonly timings = new Map<TimingName, Timing>();
  readonly gauges = new Map<GaugeName, Map<string, number>>();

  constructor() {
    this.counters = Object.fromEntries(Object.keys(COUNTERS).map((name) => [name, 0])) as Record<
      CounterName,
      number
    >;
  }

  count(name: CounterName, by = 1): void {
    this.counters[name] += by;
  }

  time(name: TimingName, seconds: number): void {
    let timing = this.timings.get(name);
    if (timing === undefined) this.timings.set(name, (timing = emptyTiming()));
    // A clock that was set back between two looks measures nothing.
    addDuration(timing, Math.max(0, seconds));
  }

  /** The key says what the value is about, where the gauge is told apart by that. */
  gauge(name: GaugeName, value: number, key = ''): void {
    if (!Number.isFinite(value)) return;
    let values = this.gauges.get(name);
    if (values === undefined) this.gauges.set(name, (values = new Map()));
    const known = isKeyed(name) ? key.slice(0, MAX_KEY_CHARACTERS) : '';
    if (values.has(known) || values.size < MAX_KEYS) values.set(known, value);
  }

  /** Forgets a gauge, or one key of it, that is measured no longer. */
  clear(name: GaugeName, key?: string): void {
    if (key === undefined) this.gauges.delete(name);
    else this.gauges.get(name)?.delete(key.slice(0, MAX_KEY_CHARACTERS));
  }
}
