import type { Ledger } from '../../ledger/ledger.ts';
import { type ProcessSignals, readProcessSignals } from './process-signals.ts';
import {
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeName,
  type SignalName,
  TIMINGS,
  type TimingName,
} from './signals.ts';
import { countOf, quantile, type Timing } from './timing.ts';
import { SignalWindows } from './windows.ts';

const LOOK_INTERVAL_MS = 5_000;
const MAX_POINTS = 60;
const LONGEST_SECONDS = 7_200;

type GaugePoint = Partial<Record<GaugeName, number>>;

interface Quantiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** Durations in seconds; null where nothing was measured. */
export type SignalView = { name: SignalName; layer: string; help: string } & (
  | { kind: 'counter'; total: number; points: number[] }
  | ({ kind: 'timing'; count: number; points: Quantiles[] } & Quantiles)
  | { kind: 'gauge'; values: Record<string, number>; points: (number | null)[] }
);

/** The whole installation as one process sees it: what all of them report, and how it went over the last hours. */
export class SignalBoard implements Disposable {
  readonly #ledger: Ledger;
  readonly #onError: (error: unknown) => void;
  readonly #windows = new SignalWindows();
  readonly #timer: NodeJS.Timeout;
  #gaugePoints: { atMs: number; values: GaugePoint }[] = [];
  #looking = false;
  #processes: ProcessSignals[] = [];

  constructor(options: { ledger: Ledger; onError: (error: unknown) => void; intervalMs?: number }) {
    this.#ledger = options.ledger;
    this.#onError = options.onError;
    this.#timer = setInterval(() => void this.look(), options.intervalMs ?? LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  async look(nowMs = performance.now()): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      this.#processes = await readProcessSignals(this.#ledger.read);
      this.#windows.absorb(this.#processes, nowMs);
      this.#gaugePoints.push({ atMs: nowMs, values: this.#gaugePoint() });
      const fromMs = nowMs - LONGEST_SECONDS * 1_000;
      if ((this.#gaugePoints[0]?.atMs ?? nowMs) < fromMs - 60_000) {
        this.#gaugePoints = this.#gaugePoints.filter(({ atMs }) => atMs >= fromMs);
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#looking = false;
    }
  }

  get processes(): readonly ProcessSignals[] {
    return this.#processes;
  }

  get coveredSeconds(): number {
    return this.#windows.coveredSeconds;
  }

  /** Every signal over the last so many seconds, with at most sixty points to plot. */
  view(seconds: number): { pointSeconds: number; signals: SignalView[] } {
    const pointSeconds = Math.max(LOOK_INTERVAL_MS / 1_000, Math.ceil(seconds / MAX_POINTS / 5) * 5);
    const points = Math.ceil(seconds / pointSeconds);
    const counters = Object.entries(COUNTERS).map(([name, { layer, help }]): SignalView => {
      const series = this.#windows.series(name as CounterName, pointSeconds, points);
      const total = series.reduce((sum, count) => sum + count, 0);
      return { name: name as CounterName, layer, help, kind: 'counter', total, points: series };
    });
    const timings = Object.entries(TIMINGS).map(([name, { layer, help }]): SignalView => {
      const timing = this.#windows.timing(name as TimingName, seconds);
      const series = this.#windows.timings(name as TimingName, pointSeconds, points).map(quantiles);
      const whole = { count: countOf(timing), ...quantiles(timing), points: series };
      return { name: name as TimingName, layer, help, kind: 'timing', ...whole };
    });
    const gauges = Object.entries(GAUGES).map(([key, { layer, help }]): SignalView => {
      const name = key as GaugeName;
      const values = Object.fromEntries(
        layer === 'machine' ? this.#windows.gaugeByHost(name) : this.#windows.gauge(name),
      );
      return { name, layer, help, kind: 'gauge', values, points: this.#series(name, pointSeconds, points) };
    });
    return { pointSeconds, signals: [...counters, ...timings, ...gauges] };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Over all keys and machines: the worst, for a plot. */
  #gaugePoint(): GaugePoint {
    const point: GaugePoint = {};
    for (const name of Object.keys(GAUGES) as GaugeName[]) {
      const values = [...this.#windows.gauge(name).values()];
      if (values.length > 0) point[name] = Math.max(...values);
    }
    return point;
  }

  /** The last value of each piece of time. */
  #series(name: GaugeName, pointSeconds: number, points: number): (number | null)[] {
    const untilMs = this.#gaugePoints.at(-1)?.atMs ?? 0;
    const series = Array.from<number | null>({ length: points }).fill(null);
    for (const { atMs, values } of this.#gaugePoints) {
      const index = points - 1 - Math.floor((untilMs - atMs) / 1_000 / pointSeconds);
      const value = values[name];
      if (index >= 0 && value !== undefined) series[index] = value;
    }
    return series;
  }
}

function quantiles(timing: Timing): Quantiles {
  return { p50: quantile(timing, 0.5), p95: quantile(timing, 0.95), p99: quantile(timing, 0.99) };
}
