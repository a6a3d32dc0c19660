import { expect, test } from 'vitest';
import { type Retention, reasonsToKeep } from './retention.ts';
import { KEEP_NEWEST } from './testing/bench.ts';

const HOUR_MS = 60 * 60_000;
const START = Date.UTC(2026, 0, 1);

const every = (ms: number, count: number, installationId = 'one') =>
  Array.from({ length: count }, (_, number) => ({
    key: `${installationId}-${number}`,
    installationId,
    createdAt: START + number * ms,
  }));
const keptOf = (snapshots: Parameters<typeof reasonsToKeep>[0], retention: Retention) =>
  snapshots
    .filter(({ key }) => reasonsToKeep(snapshots, retention).has(key))
    .map(({ createdAt }) => createdAt);

test('the newest is kept even where nothing is to be kept', () => {
  const snapshots = every(HOUR_MS, 5);
  expect(keptOf(snapshots, { ...KEEP_NEWEST, last: 0 })).toEqual([START + 4 * HOUR_MS]);
});

test('a year of hours leaves the newest of each day, week and month', () => {
  const snapshots = every(HOUR_MS, 365 * 24);
  const reasons = reasonsToKeep(snapshots, { ...KEEP_NEWEST, daily: 7, weekly: 5, monthly: 12, yearly: 3 });
  const count = (reason: string) => [...reasons.values()].filter((all) => all.includes(reason)).length;
  expect([count('last'), count('daily'), count('weekly'), count('monthly'), count('yearly')]).toEqual([
    1, 7, 5, 12, 1,
  ]);
  for (const [key, why] of reasons) {
    const { createdAt } = snapshots.find((snapshot) => snapshot.key === key) as { createdAt: number };
    if (why.includes('daily')) expect(new Date(createdAt).getUTCHours()).toBe(23);
  }
});

test('a snapshot from a clock that had jumped ahead takes one place, and no other loses its own', () => {
  const snapshots = [
    ...every(24 * HOUR_MS, 10),
    { key: 'ahead', installationId: 'one', createdAt: Date.UTC(2099, 0, 1) },
  ];
  const kept = keptOf(snapshots, { ...KEEP_NEWEST, last: 2, daily: 3 });
  expect(kept).toEqual([START + 8 * 24 * HOUR_MS, START + 9 * 24 * HOUR_MS, Date.UTC(2099, 0, 1)]);
});

test('installations do not take each other’s places', () => {
  const snapshots = [...every(HOUR_MS, 3, 'one'), ...every(HOUR_MS, 3, 'two')];
  expect(keptOf(snapshots, KEEP_NEWEST)).toEqual([START + 2 * HOUR_MS, START + 2 * HOUR_MS]);
});
