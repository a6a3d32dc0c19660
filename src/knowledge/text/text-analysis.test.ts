import { describe, expect, test } from 'vitest';
import { estimateTokens } from './estimate-tokens.ts';
import { normalise } from './normalise.ts';
import { parseChineseNumeral } from './numerals.ts';
import { sentenceRanges } from './sentences.ts';
import { tokenise } from './tokenise.ts';

const termsOf = (text: string) => tokenise(normalise(text));

describe('what reads the same becomes the same terms', () => {
  test.each([
    ['勞動合同', '劳动合同'],
    ['ＶＰＮ', 'vpn'],
    ['１２３', '123'],
    ['Passwords', 'password'],
    ['30 日', '30日'],
  ])('%s and %s', (left, right) => {
    expect(termsOf(left)).toEqual(termsOf(right));
  });

  test.each([
    ['三十日', '30日'],
    ['30天', '30日'],
    ['百分之三百', '300%'],
    ['五万元', '50000元'],
    ['5万元', '50000元'],
    ['1,000元', '1000元'],
    ['十二个月', '12月'],
    ['二十四小时', '24小时'],
    ['第十九条', '第19条'],
    ['364.6公里', '364.6公里'],
    ['CVE-2024-1', 'cve-2024-1'],
    ['ω-force', 'ω-force'],
    ['C++', 'c++'],
  ])('%s holds the term %s', (text, term) => {
    expect(termsOf(text)).toContain(term);
  });
});

test('a number is never found inside a longer one', () => {
  expect(termsOf('15天')).not.toContain('5日');
  expect(termsOf('第119条')).not.toContain('第19条');
  expect(termsOf('一百五十日')).not.toContain('50日');
});

test('units in the middle of a word are no numbers', () => {
  expect(termsOf('千方百计').some((term) => /\d/.test(term))).toBe(false);
  expect(termsOf('万一')).not.toContain('10000');
});

test('pairs do not reach over punctuation', () => {
  expect(termsOf('合同，工资')).not.toContain('同工');
});

test.each([
  ['十', 10],
  ['十五', 15],
  ['二百零三', 203],
  ['三万六千', 36_000],
  ['二〇二四', 2024],
  ['一亿二千万', 120_000_000],
  ['两千', 2000],
])('%s is %i', (numeral, value) => {
  expect(parseChineseNumeral(numeral)).toBe(value);
});

test('no term is longer than the limit, whatever the text', () => {
  const terms = termsOf(`${'a'.repeat(500)} ${'9'.repeat(300)} ${'x-'.repeat(200)}`);
  expect(Math.max(...terms.map((term) => term.length))).toBeLessThanOrEqual(40);
});

test('a long line without a break is analysed in linear time and order', () => {
  const terms = termsOf('劳'.repeat(200_000));
  expect(terms).toHaveLength(399_999);
});

describe('sentences', () => {
  test.each([
    ['第一句。第二句！“第三句。”第四句', ['第一句。', '第二句！', '“第三句。”', '第四句']],
    ['Version 3.5 is out. Use it.', ['Version 3.5 is out. ', 'Use it.']],
    ['甲；乙。', ['甲；乙。']],
  ])('%s', (text, expected) => {
    expect(sentenceRanges(text).map(({ start, end }) => text.slice(start, end))).toEqual(expected);
  });
});

test('the token estimate errs on the high side of a character per token in Chinese and four letters in English', () => {
  expect(estimateTokens('劳动合同期限')).toBe(6);
  expect(estimateTokens('The quick brown fox')).toBeGreaterThanOrEqual(5);
  expect(estimateTokens('')).toBe(0);
});
