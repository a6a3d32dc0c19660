import { expect, test } from 'vitest';
import { createPlannedCounter } from './planned-counts.ts';

test('whole terms are counted, parts of terms are not', () => {
  const count = createPlannedCounter(['劳动', '动', '30日', 'vpn', 'absent']);
  const { counts, length } = count('劳 劳动 动 动合 30日 130日 vpn vpns 劳动');
  expect([...counts]).toEqual([2, 1, 1, 1, 0]);
  expect(length).toBe(9);
});

test('terms with the same hash are told apart', () => {
  const count = createPlannedCounter(['Aa', 'BB']);
  expect([...count('Aa BB BB').counts]).toEqual([1, 2]);
});

test('an empty row has no terms', () => {
  expect(createPlannedCounter(['a'])('')).toEqual({ counts: new Uint16Array(1), length: 0 });
});
