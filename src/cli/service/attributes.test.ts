import { describe, expect, it } from 'vitest';
import { en } from '../language/en.ts';
import { parseAttributes } from './attributes.ts';

describe('attributes on the command line', () => {
  it('keeps numbers and truth values comparable, and codes as they are written', () => {
    const pairs = ['year=2026', 'draft=false', 'code=007', 'rate=-1.5', 'note=a=b', 'empty='];
    expect(parseAttributes(pairs, en)).toEqual({
      year: 2026,
      draft: false,
      code: '007',
      rate: -1.5,
      note: 'a=b',
      empty: '',
    });
  });

  it.each(['novalue', '=value'])('refuses %j', (pair) =>
    expect(() => parseAttributes([pair], en)).toThrow('key=value'),
  );
});
