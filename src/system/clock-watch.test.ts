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
