/** What is plotted, and how it comes from the signals: shares and rates are made of counters. */
import type { AlertRule, Layer, Signal, Signals } from '../api/operations.ts';

export type Unit = 'ratio' | 'bytes' | 'seconds' | 'count' | 'per-second' | 'per-minute';

type Source =
  | { kind: 'gauge'; name: string }
  | { kind: 'quantile'; name: string; quantile: 'p95' | 'p99' }
  | { kind: 'share'; of: string; to: readonly string[] }
  | { kind: 'rate'; name: string }
  | { kind: 'count'; name: string };

interface PlotSpec {
  id: string;
  unit: Unit;
  source: Source;
  /** The alert that looks at the same. */
  rule?: string;
  /** Left out where nobody measures it. */
  isOptional?: true;
}

export interface Threshold {
  value: number;
  /** On which side of it something is wrong. */
  bad: 'above' | 'below';
}

export interface Plot {
  id: string;
  unit: Unit;
  /** Oldest first; null where nothing was measured. */
  points: readonly (number | null)[];
  /** Of a gauge the last value; of everything else that of the whole time. */
  value: number | null;
  isNow: boolean;
  threshold: Threshold | null;
  isBad: boolean;
}

const ENDED = ['turns_completed', 'turns_incomplete', 'turns_failed'];

const gauge = (name: string, unit: Unit, rule?: string): PlotSpec => ({
  id: name,
  unit,
  source: { kind: 'gauge', name },
  ...(rule === undefined ? {} : { rule }),
});
const slowest = (name: string, quantile: 'p95' | 'p99', rule?: string): PlotSpec => ({
  id: name,
  unit: 'seconds',
  source: { kind: 'quantile', name, quantile },
  ...(rule === undefined ? {} : { rule }),
});
const share = (id: string, of: string, to: readonly string[], rule?: string): PlotSpec => ({
  id,
  unit: 'ratio',
  source: { kind: 'share', of, to },
  ...(rule === undefined ? {} : { rule }),
});
const count = (name: string): PlotSpec => ({ id: name, unit: 'count', source: { kind: 'count', name } });

const PLOTS: Record<Layer, readonly PlotSpec[]> = {
  machine: [
    gauge('machine_cpu_ratio', 'ratio', 'cpu-high'),
    gauge('machine_memory_ratio', 'ratio', 'memory-low'),
    gauge('disk_free_bytes', 'bytes', 'disk-low'),
    gauge('descriptors_ratio', 'ratio', 'descriptors-high'),
    gauge('loop_lag_seconds', 'seconds', 'loop-lag'),
    gauge('process_memory_bytes', 'bytes'),
  ],
  service: [
    { id: 'http_requests', unit: 'per-second', source: { kind: 'rate', name: 'http_requests' } },
    share('http_errors', 'http_errors', ['http_requests'], 'http-errors'),
    share('http_rejected', 'http_rejected', ['http_requests'], 'http-rejected'),
    slowest('http_time', 'p95', 'http-slow'),
    slowest('commit_time', 'p99', 'commit-slow'),
    gauge('runs_queued', 'count'),
    gauge('queue_age_seconds', 'seconds', 'queue-old'),
    gauge('runs_running', 'count'),
    gauge('streams', 'count'),
    share('model_failures', 'model_failures', ['model_calls']),
    gauge('workers_alive', 'count', 'no-worker'),
    count('children_died'),
    count('runs_taken_over'),
    count('ledger_failures'),
    gauge('index_lag_seconds', 'seconds', 'index-lag'),
    { ...gauge('replication_lag_seconds', 'seconds', 'replication-lag'), isOptional: true },
    { ...gauge('recovery_lag_seconds', 'seconds', 'recovery-lag'), isOptional: true },
    { ...gauge('archive_lag_seconds', 'seconds', 'archive-lag'), isOptional: true },
  ],
  business: [
    { id: 'turns_completed', unit: 'per-minute', source: { kind: 'rate', name: 'turns_completed' } },
    share('turns_failed', 'turns_failed', ENDED, 'answers-failing'),
    share('turns_degraded', 'turns_degraded', ENDED, 'answers-degraded'),
    slowest('first_text_time', 'p95', 'first-words-slow'),
    slowest('answer_time', 'p95'),
    share('turns_declined', 'turns_declined', ['turns_completed'], 'declines-high'),
    share('turns_uncited', 'turns_uncited', ['turns_completed'], 'citations-missing'),
    share('thumbs_down', 'thumbs_down', ['thumbs_up', 'thumbs_down'], 'readers-unhappy'),
    { ...gauge('canary_score', 'ratio'), isOptional: true },
    { ...gauge('canary_failures_in_a_row', 'count', 'canary-failing'), isOptional: true },
  ],
};

/** What alerts are raised by, with the thresholds as they are configured. */
export function plotsOf(layer: Layer, signals: Signals, rules: readonly AlertRule[]): Plot[] {
  const byName = new Map(Object.values(signals.layers).flatMap((all) => all.map((one) => [one.name, one])));
  return PLOTS[layer].flatMap((spec) => {
    const { points, value } = readSource(spec, byName, signals);
    if (spec.isOptional === true && points.every((point) => point === null)) return [];
    const threshold = thresholdOf(rules.find(({ id }) => id === spec.rule));
    return [
      {
        id: spec.id,
        unit: spec.unit,
        points,
        value,
        isNow: spec.source.kind === 'gauge',
        threshold,
        isBad: value !== null && threshold !== null && isBeyond(value, threshold),
      },
    ];
  });
}

function thresholdOf(rule: AlertRule | undefined): Threshold | null {
  if (rule === undefined) return null;
  const { kind, threshold } = rule.condition;
  return { value: threshold, bad: kind === 'below' ? 'below' : 'above' };
}

function isBeyond(value: number, threshold: Threshold): boolean {
  return threshold.bad === 'below' ? value < threshold.value : value > threshold.value;
}

interface Series {
  points: (number | null)[];
  value: number | null;
}

const NOTHING: Series = { points: [], value: null };

function readSource(spec: PlotSpec, signals: ReadonlyMap<string, Signal>, window: Signals): Series {
  const { source } = spec;
  if (source.kind === 'share') return shareOf(source.of, source.to, signals);
  const signal = signals.get(source.name);
  if (source.kind === 'gauge') {
    if (signal?.kind !== 'gauge') return NOTHING;
    return { points: signal.points, value: signal.points.findLast((point) => point !== null) ?? null };
  }
  if (source.kind === 'quantile') {
    if (signal?.kind !== 'timing') return NOTHING;
    return { points: signal.points.map((one) => one[source.quantile]), value: signal[source.quantile] };
  }
  if (signal?.kind !== 'counter') return NOTHING;
  const covered = coveredPieces(signal.points.length, window);
  if (source.kind === 'count') {
    const points = signal.points.map((point, index) => (covered[index] === null ? null : point));
    return { points, value: signal.total };
  }
  const unitSeconds = spec.unit === 'per-minute' ? 60 : 1;
  const rate = (count: number, seconds: number | null | undefined) =>
    seconds ? (count * unitSeconds) / seconds : null;
  return {
    points: signal.points.map((point, index) => rate(point, covered[index])),
    value: rate(signal.total, window.covered_seconds),
  };
}

/** How many seconds of each piece were watched. Null before the start, and where that fell into the piece. */
function coveredPieces(pieces: number, { point_seconds, covered_seconds }: Signals): (number | null)[] {
  return Array.from({ length: pieces }, (_, index) => {
    const until = (pieces - 1 - index) * point_seconds;
    if (covered_seconds >= until + point_seconds) return point_seconds;
    return until === 0 && covered_seconds > 0 ? covered_seconds : null;
  });
}

/** Nothing where nothing happened that it could be a share of. */
function shareOf(of: string, to: readonly string[], signals: ReadonlyMap<string, Signal>): Series {
  const part = counterPoints(signals.get(of));
  const whole = to.map((name) => counterPoints(signals.get(name)));
  const sums = part.map((_, index) => whole.reduce((sum, points) => sum + (points[index] ?? 0), 0));
  const total = sums.reduce((sum, one) => sum + one, 0);
  const parts = part.reduce((sum, one) => sum + one, 0);
  return {
    points: part.map((one, index) => ((sums[index] ?? 0) === 0 ? null : one / (sums[index] as number))),
    value: total === 0 ? null : parts / total,
  };
}

function counterPoints(signal: Signal | undefined): readonly number[] {
  return signal?.kind === 'counter' ? signal.points : [];
}
