import { describe, expect, it } from 'vitest';
import { inLanguage, ownLanguageFirst } from './bilingual.ts';

const han = String.fromCodePoint(0x624b, 0x518c);

describe('a name in two languages', () => {
  it('is shown in the reader’s', () => {
    expect(inLanguage('zh', `${han} / Handbook`)).toBe(han);
    expect(inLanguage('en', `${han} / Handbook`)).toBe('Handbook');
    expect(inLanguage('en', `Handbook / ${han}`)).toBe('Handbook');
  });

  it('is told from a name that only holds a stroke', () => {
    for (const name of [`${han}/Handbook`, 'Staff / Guests', `${han} / ${han}`, `${han} / A / B`, '']) {
      expect([inLanguage('zh', name), inLanguage('en', name)]).toEqual([name, name]);
    }
  });
});

it('what is in the reader’s language comes first, in its own order', () => {
  expect(ownLanguageFirst('zh', ['a', han, 'b'], (text) => text)).toEqual([han, 'a', 'b']);
  expect(ownLanguageFirst('en', ['a', han, 'b'], (text) => text)).toEqual(['a', 'b', han]);
});
