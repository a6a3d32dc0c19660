import { expect, test } from 'vitest';
import { lineOf, singlesOf } from './sparkline.tsx';

const same = (value: number) => value;

test('a plot is broken where nothing was measured', () => {
  expect(lineOf([1, 2, null, 3, 4], same, same)).toBe('M0 1L1 2M3 3L4 4');
});

test('a value between two gaps, such as the first after a start, is a dot', () => {
  const points = [null, 5, null, 3, 4, null, 6];
  expect(singlesOf(points, same, same)).toBe('M1 5h0.01M6 6h0.01');
  expect(lineOf(points, same, same)).toBe('M3 3L4 4');
});
