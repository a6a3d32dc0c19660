import { pino } from 'pino';
import { afterEach, expect, it, vi } from 'vitest';
import { ClockWatch } from './clock-watch.ts';

afterEach(() => vi.useRealTimers());

it('says once that the clock was set, forwards or back, and nothing while it runs evenly', () => {
  vi.useFakeTimers();
  const jumps: number[] = [];
  const log = pino({}, { write: (line: string) => void jumps.push(JSON.parse(line).jumpMs) });
  using watch = new ClockWatch(log);
  expect(watch).toBeDefined();
  vi.advanceTimersByTime(60_000);
  expect(jumps).toEqual([]);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(10_000);
  vi.setSystemTime(Date.now() - 86_400_000);
  vi.advanceTimersByTime(10_000);
  expect(jumps).toEqual([3_600_000, -86_400_000]);
});

it("says once that this machine's clock is off the installation's, and once that it agrees again", () => {
  vi.useFakeTimers();
  const told: [number, number][] = [];
  const log = pino(
    {},
    {
      write: (line: string) => {
        const { level, offMs } = JSON.parse(line);
        told.push([level, offMs]);
      },
    },
  );
  let aheadMs = 0;
  using watch = new ClockWatch(log, () => Date.now() - aheadMs);
  expect(watch).toBeDefined();
  for (aheadMs of [0, 4_000, 60_000, 61_000, 100, -60_000]) vi.advanceTimersByTime(10_000);
  expect(told).toEqual([
    [40, 60_000],
    [30, 100],
    [40, -60_000],
  ]);
});
