import { expect, test } from 'vitest';
import { fold } from './fold.ts';

test('what was typed in full width finds what is written in half width, and the other way round', () => {
  expect(fold('　２０２６（ＭＤ）')).toBe('2026(md)');
  expect(fold('员工休假管理办法（2026版）.MD')).toContain(fold('(２０２６版)'));
});
