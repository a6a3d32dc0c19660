/** The signals of all processes as Prometheus reads them; any process that serves them shows the whole installation. */
import type { ProcessSignals } from './process-signals.ts';
import {
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeName,
  isKeyed,
  TIMINGS,
  type TimingName,
} from './signals.ts';
import { addTiming, BOUNDS_SECONDS, countOf, emptyTiming, type Timing, timingSince } from './timing.ts';
import { SignalWindows } from './windows.ts';

const PREFIX = 'budao_installation_';

/**
 * Adds up by role what every process has counted, those included that have died since: totals only grow, as long as
 * the process that serves them lives. Labels are roles, machines, and the names of what is configured.
 */
export class SignalTotals {
  readonly #last = new Map<string, ProcessSignals>();
  readonly #counters = new Map<string, Map<CounterName, number>>();
  readonly #timings = new Map<TimingName, Timing>();
  readonly #windows = new SignalWindows();

  absorb(rows: readonly ProcessSignals[], nowMs = performance.now()): void {
    this.#windows.absorb(rows, nowMs);
    for (const row of rows) {
      const before = this.#last.get(row.id)?.snapshot;
      const counters = this.#counters.get(row.role) ?? new Map<CounterName, number>();
      this.#counters.set(row.role, counters);
      for (const [key, count] of Object.entries(row.snapshot.counters)) {
        const name = key as CounterName;
        const growth = count - (before?.counters[name] ?? 0);
        counters.set(name, (counters.get(name) ?? 0) + Math.max(0, growth));
      }
      for (const [key, timing] of Object.entries(row.snapshot.timings)) {
        const name = key as TimingName;
        const total = this.#timings.get(name) ?? emptyTiming();
        this.#timings.set(name, total);
        addTiming(total, timingSince(timing, before?.timings[name]));
      }
      this.#last.set(row.id, row);
    }
    const present = new Set(rows.map(({ id }) => id));
    for (const id of this.#last.keys()) if (!present.has(id)) this.#last.delete(id);
  }

  /** In the text format, with HELP and TYPE. */
  text(): string {
    return [...this.#counterLines(), ...this.#timingLines(), ...this.#gaugeLines()].join('\n').concat('\n');
  }

  #counterLines(): string[] {
    return Object.entries(COUNTERS).flatMap(([name, { help }]) => {
      const metric = `${PREFIX}${name}_total`;
      // Nothing counted is told as well: the rate of a series begins with its second value.
      const lines = [...this.#counters].map(
        ([role, counters]) =>
          `${metric}{role="${escapeLabel(role)}"} ${counters.get(name as CounterName) ?? 0}`,
      );
      return withHead(metric, help, 'counter', lines);
    });
  }

  #timingLines(): string[] {
    return Object.entries(TIMINGS).flatMap(([name, { help }]) => {
      const metric = `${PREFIX}${name}_seconds`;
      const timing = this.#timings.get(name as TimingName) ?? emptyTiming();
      let below = 0;
      const buckets = BOUNDS_SECONDS.map((bound, index) => {
        below += timing.buckets[index] ?? 0;
        return `${metric}_bucket{le="${bound}"} ${below}`;
      });
      const count = countOf(timing);
      const rest = [`${metric}_bucket{le="+Inf"} ${count}`, `${metric}_sum ${timing.sumSeconds}`];
      return withHead(metric, help, 'histogram', [...buckets, ...rest, `${metric}_count ${count}`]);
    });
  }

  #gaugeLines(): string[] {
    return Object.entries(GAUGES).flatMap(([key, { help, layer }]) => {
      const name = key as GaugeName;
      const metric = `${PREFIX}${name}`;
      const isOfMachine = layer === 'machine';
      const values = isOfMachine ? this.#windows.gaugeByHost(name) : this.#windows.gauge(name);
      const lines = [...values].map(([subject, value]) => {
        const label = isOfMachine ? 'host' : 'name';
        return isOfMachine || isKeyed(name)
          ? `${metric}{${label}="${escapeLabel(subject)}"} ${value}`
          : `${metric} ${value}`;
      });
      return withHead(metric, help, 'gauge', lines);
    });
  }
}

function withHead(metric: string, help: string, type: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [`# HELP ${metric} ${help}`, `# TYPE ${metric} ${type}`, ...lines];
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
