import { expect, test } from 'vitest';
import { mentionPattern } from './mention-pattern.ts';

test('what both scripts write alike narrows the search down; the rest stands for any character', () => {
  expect(mentionPattern('结婚登记')).toBe('%_婚登_%');
  expect(mentionPattern('vpn (2026)')).toBe('%vpn__2026_%');
});

test('what JSON escapes is looked for as it is stored, and nothing is a wildcard by accident', () => {
  expect(mentionPattern('"%_!\\')).toBe(String.raw`%\"___\\%`);
});
