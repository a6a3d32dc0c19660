import { describe, expect, test } from 'vitest';
import { Meter } from './meter.ts';
import type { ProcessSignals } from './process-signals.ts';
import { SignalTotals } from './prometheus.ts';
import { COUNTERS, type CounterName, TIMINGS, type TimingName } from './signals.ts';
import { decodeSnapshot, encodeSnapshot, MAX_SNAPSHOT_BYTES } from './snapshot.ts';
import { addDuration, emptyTiming, quantile } from './timing.ts';
import { SignalWindows } from './windows.ts';

let beat = 0;

function report(id: string, meter: Meter, role = 'worker'): ProcessSignals {
  const snapshot = decodeSnapshot(encodeSnapshot(meter, ++beat));
  if (snapshot === null) throw new Error('no snapshot');
  return { id, role, host: 'node-1', snapshot };
}

describe('a snapshot', () => {
  test('says the same after it was written and read', () => {
    const meter = new Meter();
    meter.count('http_requests', 12);
    meter.time('commit_time', 0.003);
    meter.gauge('breaker_open', 1, 'model:qwen');
    expect(report('a', meter).snapshot).toMatchObject({
      counters: { http_requests: 12 },
      timings: { commit_time: { sumSeconds: 0.003 } },
      gauges: { breaker_open: new Map([['model:qwen', 1]]) },
    });
  });

  test('stays below its limit with everything large, and keeps what counts answers and errors', () => {
    const meter = new Meter();
    for (const name of Object.keys(COUNTERS) as CounterName[]) meter.count(name, 9_007_199_254_740_000);
    for (const name of Object.keys(TIMINGS) as TimingName[]) {
      for (let seconds = 0.0005; seconds < 1_000; seconds *= 1.5) meter.time(name, seconds);
    }
    for (let key = 0; key < 100; key++) {
      meter.gauge('breaker_open', key, `某个名字很长很长的模型端点-${key}-${'x'.repeat(60)}`);
      meter.gauge('replication_lag_seconds', key, `copy-${key}`);
    }
    expect(Buffer.byteLength(encodeSnapshot(meter))).toBeLessThanOrEqual(MAX_SNAPSHOT_BYTES);
    expect(Object.keys(report('a', meter).snapshot.counters)).toEqual(Object.keys(COUNTERS));
  });

  test('of another version or of none breaks nothing', () => {
    expect(decodeSnapshot('{"c":{"of_tomorrow":1},"g":{"unknown":{"":1}},"t":{"x":[1]}}')).toEqual({
      beat: 0,
      counters: {},
      timings: {},
      gauges: {},
    });
    expect(decodeSnapshot('not json')).toBeNull();
  });
});

describe('windows', () => {
  test('forget the gauges of a process that reports no longer, though its row is still there', () => {
    const windows = new SignalWindows();
    const meter = new Meter();
    meter.gauge('loop_lag_seconds', 3);
    const last = report('a', meter);
    windows.absorb([last], 0);
    windows.absorb([last], 15_000);
    expect(windows.gauge('loop_lag_seconds').get('')).toBe(3);
    windows.absorb([last], 25_000);
    expect(windows.gauge('loop_lag_seconds').size).toBe(0);
    expect(windows.alive('worker')).toBe(0);
  });

  test('show how long things took in each piece of time, and where nothing was measured', () => {
    const windows = new SignalWindows();
    const meter = new Meter();
    windows.absorb([report('a', meter)], 0);
    meter.time('commit_time', 0.004);
    windows.absorb([report('a', meter)], 5_000);
    windows.absorb([report('a', meter)], 10_000);
    meter.time('commit_time', 4);
    windows.absorb([report('a', meter)], 15_000);
    const medians = windows.timings('commit_time', 5, 3).map((timing) => quantile(timing, 0.5));
    expect(medians[0]).toBeLessThan(0.01);
    expect(medians[1]).toBeNull();
    expect(medians[2]).toBeGreaterThan(1);
  });

  test('a process that starts afresh under another id takes nothing back', () => {
    const windows = new SignalWindows();
    const first = new Meter();
    first.count('http_requests', 100);
    windows.absorb([report('a', first)], 0);
    first.count('http_requests', 10);
    windows.absorb([report('a', first)], 5_000);
    const second = new Meter();
    second.count('http_requests', 7);
    windows.absorb([report('b', second)], 10_000);
    expect(windows.count('http_requests', 60)).toBe(17);
    expect(windows.count('http_requests', 5)).toBe(7);
  });
});

test('totals for Prometheus never go back when a process dies, and have help and types', () => {
  const totals = new SignalTotals();
  const [first, second] = [new Meter(), new Meter()];
  first.count('turns_completed', 5);
  totals.absorb([report('a', first)], 0);
  second.count('turns_completed', 2);
  second.gauge('breaker_open', 1, 'model "x"\n');
  second.time('commit_time', 0.004);
  totals.absorb([report('b', second)], 5_000);
  const text = totals.text();
  expect(text).toContain('budao_installation_turns_completed_total{role="worker"} 7');
  expect(text).toContain('# TYPE budao_installation_turns_completed_total counter');
  expect(text).toContain('budao_installation_breaker_open{name="model \\"x\\"\\n"} 1');
  expect(text).toContain('budao_installation_commit_time_seconds_bucket{le="0.005"} 1');
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) )?budao_installation_/);
});

test('quantiles come out within their bucket', () => {
  const timing = emptyTiming();
  for (let count = 0; count < 95; count++) addDuration(timing, 0.02);
  for (let count = 0; count < 5; count++) addDuration(timing, 4);
  expect(quantile(timing, 0.5)).toBeLessThanOrEqual(0.025);
  expect(quantile(timing, 0.99)).toBeGreaterThan(2.5);
  expect(quantile(emptyTiming(), 0.5)).toBeNull();
});
