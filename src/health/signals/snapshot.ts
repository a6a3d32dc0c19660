/** What a process says of itself with each heartbeat, small enough for one column. */
import type { GaugeValues, Meter } from './meter.ts';
import { COUNTERS, type CounterName, GAUGES, type GaugeName, TIMINGS, type TimingName } from './signals.ts';
import type { Timing } from './timing.ts';
import { BOUNDS_SECONDS } from './timing.ts';

/** A heartbeat is written every few seconds for ever. */
export const MAX_SNAPSHOT_BYTES = 2_048;

export interface Snapshot {
  /** Differs from report to report of a process. */
  beat: number;
  counters: Partial<Record<CounterName, number>>;
  timings: Partial<Record<TimingName, Timing>>;
  gauges: Partial<Record<GaugeName, GaugeValues>>;
}

/** `b` beat, `c` counters, `t` timings as [sum, buckets…], `g` gauges by key. Zeros are left out. */
interface Encoded {
  b: number;
  c: Record<string, number>;
  t: Record<string, number[]>;
  g: Record<string, Record<string, number>>;
}

export function encodeSnapshot(meter: Meter, nowMs = performance.now()): string {
  const encoded: Encoded = { b: Math.round(nowMs), c: {}, t: {}, g: {} };
  for (const [name, count] of Object.entries(meter.counters)) if (count > 0) encoded.c[name] = count;
  for (const [name, { sumSeconds, buckets }] of meter.timings) {
    encoded.t[name] = [rounded(sumSeconds), ...withoutTrailingZeros(buckets)];
  }
  for (const [name, values] of meter.gauges) {
    encoded.g[name] = Object.fromEntries([...values].map(([key, value]) => [key, rounded(value)]));
  }
  return withinLimit(encoded);
}

/** Gauges with many keys give way first: what counts answers and errors never does. */
function withinLimit(encoded: Encoded): string {
  for (;;) {
    const text = JSON.stringify(encoded);
    if (Buffer.byteLength(text) <= MAX_SNAPSHOT_BYTES) return text;
    const [largest] = Object.entries(encoded.g).sort(
      ([, left], [, right]) => JSON.stringify(right).length - JSON.stringify(left).length,
    );
    if (largest === undefined) return JSON.stringify({ ...encoded, t: {} });
    const keys = Object.keys(largest[1]);
    if (keys.length <= 1) delete encoded.g[largest[0]];
    else for (const key of keys.slice(Math.ceil(keys.length / 2))) delete largest[1][key];
  }
}

/** Names that this version does not know, as a newer one may write, are passed over. Null for what is no snapshot. */
export function decodeSnapshot(text: string): Snapshot | null {
  let encoded: Partial<Encoded>;
  try {
    encoded = JSON.parse(text) as Partial<Encoded>;
  } catch {
    return null;
  }
  const snapshot: Snapshot = { beat: encoded.b ?? 0, counters: {}, timings: {}, gauges: {} };
  for (const [name, count] of Object.entries(encoded.c ?? {})) {
    if (name in COUNTERS) snapshot.counters[name as CounterName] = count;
  }
  for (const [name, [sumSeconds = 0, ...buckets]] of Object.entries(encoded.t ?? {})) {
    if (!(name in TIMINGS)) continue;
    while (buckets.length <= BOUNDS_SECONDS.length) buckets.push(0);
    snapshot.timings[name as TimingName] = { sumSeconds, buckets };
  }
  for (const [name, values] of Object.entries(encoded.g ?? {})) {
    if (name in GAUGES) snapshot.gauges[name as GaugeName] = new Map(Object.entries(values));
  }
  return snapshot;
}

function withoutTrailingZeros(buckets: readonly number[]): number[] {
  return buckets.slice(0, buckets.findLastIndex((count) => count > 0) + 1);
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
