import { describe, expect, it } from 'vitest';
import { findLoosely } from './locate-passage.ts';

describe('finding a quote in a document', () => {
  it('does not mind how white space was changed', () => {
    const text = '第四条\n年休假\n  5 天。第五条';
    const range = findLoosely(text, '年休假 5天。', { start: 0, end: text.length });
    expect(text.slice(range?.start, range?.end)).toBe('年休假\n  5 天。');
  });

  it('stays inside the cited chunk', () => {
    expect(findLoosely('同一句。同一句。', '同一句', { start: 4, end: 8 })).toEqual({ start: 4, end: 7 });
    expect(findLoosely('只在前面。后面', '只在前面', { start: 5, end: 7 })).toBeNull();
  });
});
