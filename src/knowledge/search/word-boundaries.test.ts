import { expect, test } from 'vitest';
import { accidentalPairs } from './word-boundaries.ts';

test('pairs that only come about where two words meet are known, pairs inside words are kept', () => {
  const pairs = accidentalPairs('普通员工八月去青岛出差');
  expect(pairs.has('工八')).toBe(true);
  expect(pairs.has('员工')).toBe(false);
  expect(pairs.has('青岛')).toBe(false);
});

test('two single characters may be a word that the dictionary lacks', () => {
  expect(accidentalPairs('麻精药品').has('麻精')).toBe(false);
});
