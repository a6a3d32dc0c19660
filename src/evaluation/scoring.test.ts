import { expect, test } from 'vitest';
import type { GoldenQuestion } from './golden.ts';
import { parseGolden } from './golden.ts';
import { containsForm, factRecall, hitRank, retrievalFigures } from './scoring.ts';

const question: GoldenQuestion = {
  id: 'q',
  question: '?',
  category: 'number',
  language: 'zh',
  answer: '',
  facts: [['15天', '十五日'], ['3%']],
  sources: [
    { document: 'a.md', article: '第三条' },
    { document: 'b.md', article: '第五条' },
  ],
  any: true,
  style: 'lexical',
};

test.each([
  ['共15天。', '5天', false],
  ['共 5 天。', '5天', true],
  ['百分之五十', '百分之五', false],
  ['罚款１，０００元', '1000元', true],
  ['3.5%', '5%', false],
  ['先15天后5天', '5天', true],
])('a number matches whole: %s / %s', (answer, form, expected) => {
  expect(containsForm(answer, form)).toBe(expected);
});

test('fact recall is the share of facts with at least one accepted form', () => {
  expect(factRecall(question, '年休假十五日')).toBe(0.5);
  expect(factRecall(question, '15天，3%')).toBe(1);
});

test('one source is enough where any is set, else the last one needed decides the rank', () => {
  const passages = [
    { document: 'c.md', articles: ['第三条'] },
    { document: 'b.md', articles: ['第五条'] },
    { document: 'a.md', articles: ['第三条'] },
  ];
  expect(hitRank(question, passages)).toBe(2);
  expect(hitRank({ ...question, any: false }, passages)).toBe(3);
  expect(hitRank({ ...question, any: false }, passages.slice(0, 2))).toBe(Infinity);
});

test('figures count hits within the rank and ignore what comes after the tenth', () => {
  expect(retrievalFigures([1, 2, 11, Infinity])).toEqual({ hit1: 0.25, hit5: 0.5, hit10: 0.5, mrr: 0.375 });
});

test('a bad line of a golden set is named by its number', () => {
  expect(() => parseGolden('{"id": 1}')).toThrow(/Line 1/);
});
