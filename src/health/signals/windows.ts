import type { GaugeValues } from './meter.ts';
import type { ProcessSignals } from './process-signals.ts';
import { type CounterName, type GaugeName, gaugeDescription, TIMINGS, type TimingName } from './signals.ts';
import { addTiming, emptyTiming, type Timing, timingSince } from './timing.ts';

/** The longest window that a rule looks at, and some. */
const KEPT_SECONDS = 2 * 3_600;
/** A process that has not reported for so long is dead or stuck: what it said last holds no more. */
export const FRESH_SECONDS = 20;

/** What all processes together did between two looks. */
interface Tick {
  atMs: number;
  counters: Partial<Record<CounterName, number>>;
  timings: Partial<Record<TimingName, Timing>>;
}

interface Known {
  signals: ProcessSignals;
  changedMs: number;
}

/**
 * The installation's signals over the last hours, put together from what its processes report. Times are those of a
 * monotonic clock, of the one who looks: no clock that is set, here or on another machine, moves a window.
 */
export class SignalWindows {
  readonly #known = new Map<string, Known>();
  #ticks: Tick[] = [];
  #startedMs: number | null = null;
  #nowMs = 0;

  /** Call every few seconds. What processes counted before the first look is no news. */
  absorb(rows: readonly ProcessSignals[], nowMs: number): void {
    const isFirst = this.#startedMs === null;
    this.#startedMs ??= nowMs;
    this.#nowMs = nowMs;
    const tick: Tick = { atMs: nowMs, counters: {}, timings: {} };
    for (const signals of rows) {
      const known = this.#known.get(signals.id);
      if (known?.signals.snapshot.beat === signals.snapshot.beat) continue;
      if (!isFirst) addGrowth(tick, signals, known?.signals);
      this.#known.set(signals.id, { signals, changedMs: nowMs });
    }
    const present = new Set(rows.map((row) => row.id));
    for (const id of this.#known.keys()) if (!present.has(id)) this.#known.delete(id);
    this.#ticks.push(tick);
    if ((this.#ticks[0] as Tick).atMs < nowMs - KEPT_SECONDS * 1_000 - 60_000) {
      this.#ticks = this.#ticks.filter(({ atMs }) => atMs >= nowMs - KEPT_SECONDS * 1_000);
    }
  }

  /** Since when there is something to go by. */
  get coveredSeconds(): number {
    return this.#startedMs === null ? 0 : (this.#nowMs - this.#startedMs) / 1_000;
  }

  /** How much a counter grew in the window, which may have ended some time ago. */
  count(name: CounterName, seconds: number, endedSecondsAgo = 0): number {
    return this.#within(seconds, endedSecondsAgo).reduce((sum, tick) => sum + (tick.counters[name] ?? 0), 0);
  }

  timing(name: TimingName, seconds: number, endedSecondsAgo = 0): Timing {
    const total = emptyTiming();
    for (const tick of this.#within(seconds, endedSecondsAgo)) {
      const part = tick.timings[name];
      if (part !== undefined) addTiming(total, part);
    }
    return total;
  }

  /** By key, over the processes that report; empty where nobody measures it. */
  gauge(name: GaugeName): Map<string, number> {
    const combined = new Map<string, number>();
    for (const { signals } of this.#fresh()) {
      for (const [key, value] of signals.snapshot.gauges[name] ?? (new Map() as GaugeValues)) {
        const other = combined.get(key);
        combined.set(key, other === undefined ? value : combine(name, other, value));
      }
    }
    return combined;
  }

  /** By the machine that it was measured on. */
  gaugeByHost(name: GaugeName): Map<string, number> {
    const combined = new Map<string, number>();
    for (const { signals } of this.#fresh()) {
      for (const value of signals.snapshot.gauges[name]?.values() ?? []) {
        const other = combined.get(signals.host);
        combined.set(signals.host, other === undefined ? value : combine(name, other, value));
      }
    }
    return combined;
  }

  /** Processes of a role that report. */
  alive(role: string): number {
    return this.#fresh().filter(({ signals }) => signals.role === role).length;
  }

  /** The growth of a counter in each of the last pieces of time, oldest first, for a plot. */
  series(name: CounterName, pieceSeconds: number, pieces: number): number[] {
    return Array.from({ length: pieces }, (_, index) =>
      this.count(name, pieceSeconds, (pieces - 1 - index) * pieceSeconds),
    );
  }

  /** What took how long in each of the last pieces of time, oldest first, for a plot. */
  timings(name: TimingName, pieceSeconds: number, pieces: number): Timing[] {
    return Array.from({ length: pieces }, (_, index) =>
      this.timing(name, pieceSeconds, (pieces - 1 - index) * pieceSeconds),
    );
  }

  #fresh(): Known[] {
    return [...this.#known.values()].filter(
      ({ changedMs }) => this.#nowMs - changedMs <= FRESH_SECONDS * 1_000,
    );
  }

  #within(seconds: number, endedSecondsAgo: number): Tick[] {
    const untilMs = this.#nowMs - endedSecondsAgo * 1_000;
    const fromMs = untilMs - seconds * 1_000;
    return this.#ticks.filter(({ atMs }) => atMs > fromMs && atMs <= untilMs);
  }
}

/** Of a process that is new to a watcher who was there before it, everything is news. */
function addGrowth(tick: Tick, now: ProcessSignals, before: ProcessSignals | undefined): void {
  for (const [key, count] of Object.entries(now.snapshot.counters)) {
    const name = key as CounterName;
    const growth = count - (before?.snapshot.counters[name] ?? 0);
    if (growth > 0) tick.counters[name] = (tick.counters[name] ?? 0) + growth;
  }
  for (const name of Object.keys(TIMINGS) as TimingName[]) {
    const timing = now.snapshot.timings[name];
    if (timing === undefined) continue;
    const total = (tick.timings[name] ??= emptyTiming());
    addTiming(total, timingSince(timing, before?.snapshot.timings[name]));
  }
}

function combine(name: GaugeName, one: number, other: number): number {
  switch (gaugeDescription(name).combine) {
    case 'sum':
      return one + other;
    case 'max':
      return Math.max(one, other);
    case 'min':
      return Math.min(one, other);
  }
}
