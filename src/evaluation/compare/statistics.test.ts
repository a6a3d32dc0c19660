import { expect, test } from 'vitest';
import { bootstrapBounds, exactMcNemar, seededRandom } from './statistics.ts';

test.each([
  // By hand: 2 · Σ C(n, k) / 2ⁿ for k up to the smaller of the two.
  [0, 0, 1],
  [1, 0, 1],
  [5, 0, 2 / 32],
  [6, 0, 2 / 64],
  [8, 1, (2 * (1 + 9)) / 512],
  [10, 3, (2 * (1 + 13 + 78 + 286)) / 8192],
  [4, 4, 1],
])('exact McNemar of %i lost and %i gained', (lost, gained, expected) => {
  expect(exactMcNemar(lost, gained)).toBeCloseTo(expected, 10);
  expect(exactMcNemar(gained, lost)).toBeCloseTo(expected, 10);
});

test('McNemar stays a probability for thousands of changes', () => {
  expect(exactMcNemar(2_000, 2_000)).toBeCloseTo(1, 6);
  expect(exactMcNemar(2_500, 1_500)).toBeLessThan(1e-20);
});

test('the same seed gives the same bounds, which hold the mean between them', () => {
  const random = seededRandom(7);
  const differences = Array.from({ length: 200 }, () => random() - 0.4);
  const bounds = bootstrapBounds(differences, 1);
  expect(bootstrapBounds(differences, 1)).toEqual(bounds);
  expect(bounds.lower).toBeLessThan(bounds.mean);
  expect(bounds.upper).toBeGreaterThan(bounds.mean);
});

test('bounds are those of the normal approximation for many pairs', () => {
  const differences = [...Array<number>(100).fill(-1), ...Array<number>(900).fill(0)];
  const { mean, lower, upper } = bootstrapBounds(differences, 3);
  const spread = 1.645 * Math.sqrt((0.1 * 0.9) / 1_000);
  expect(mean).toBeCloseTo(-0.1, 10);
  expect(lower).toBeCloseTo(-0.1 - spread, 2);
  expect(upper).toBeCloseTo(-0.1 + spread, 2);
});

test('no difference at all has no spread', () => {
  expect(bootstrapBounds([0, 0, 0], 1)).toEqual({ mean: 0, lower: 0, upper: 0 });
});
