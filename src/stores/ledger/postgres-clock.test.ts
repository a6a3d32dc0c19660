import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DatabaseClock } from './postgres-clock.ts';

const BASE_MS = Date.UTC(2026, 0, 1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('the database is taken to have answered in the middle of the way, and a longer way teaches nothing new', () => {
  const clock = new DatabaseClock();
  const heardMs = performance.now();
  clock.observe(BASE_MS, heardMs - 10, heardMs);
  expect(Math.abs(clock.now() - (BASE_MS + 5))).toBeLessThan(1_000);
  const offset = clock.now() - performance.now();
  clock.observe(BASE_MS - 30, heardMs - 100, heardMs);
  expect(Math.abs(clock.now() - performance.now() - offset)).toBeLessThan(2);
  expect(clock.errorMs).toBeGreaterThanOrEqual(5);
});

test('a database whose clock was set, or another one, is believed', () => {
  const clock = new DatabaseClock();
  const heardMs = performance.now();
  clock.observe(BASE_MS, heardMs - 1, heardMs);
  clock.observe(BASE_MS - 60_000, heardMs - 100, heardMs);
  expect(Math.abs(clock.now() - (BASE_MS - 60_000))).toBeLessThan(1_000);
});
