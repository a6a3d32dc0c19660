import { expect, test } from 'vitest';
import { readDraft } from './by-model.ts';
import { figuresIn, formsOf } from './figures.ts';
import { questionFromAnswer } from './from-answer.ts';
import { questionsFromPassage } from './from-passage.ts';

const leave = {
  document: '休假.md',
  article: '第十二条',
  text: '第十二条 员工依法登记结婚的，享受婚假13天（法定3天，奖励10天）。其余情形另行规定。',
};

test('a rule with an amount becomes the question for it, with its place and the spellings of the amount', () => {
  expect(questionsFromPassage(leave)).toEqual([
    expect.objectContaining({
      question: '员工依法登记结婚的，享受婚假多少天？',
      facts: [['13天', '13日', '十三日', '十三天']],
      sources: [{ document: '休假.md', article: '第十二条' }],
    }),
  ]);
});

test('an English rule is asked in its own words', () => {
  const [draft] = questionsFromPassage({
    document: 'a.md',
    article: null,
    text: 'A lost badge costs 30 yuan to replace. ',
  });
  expect(draft).toMatchObject({
    question: 'A lost badge costs how many yuan to replace?',
    sources: [{ document: 'a.md' }],
  });
});

test('text without an amount, rows of tables and sentences that point elsewhere make no draft', () => {
  const textOf = (text: string) => questionsFromPassage({ ...leave, text });
  expect(textOf('员工应当按时到岗，并佩戴工牌。')).toEqual([]);
  expect(textOf('| 成都 | 370元 | 600元 |')).toEqual([]);
  expect(textOf('其逾期未交还的，按每日20元收取费用。')).toEqual([]);
});

test('amounts are taken whole, with the other numerals', () => {
  expect(figuresIn('连续十五日或者300元').map(({ text }) => text)).toEqual(['十五日', '300元']);
  expect(formsOf({ text: '十五日', number: '十五', unit: '日', start: 0 })).toEqual([
    '十五日',
    '十五天',
    '15日',
    '15天',
  ]);
});

const turn = {
  id: 't1',
  question: '婚假几天？',
  history: [],
  answer: '婚假13天。[1]',
  declined: false,
  citations: [{ document: '休假.md', article: '第十二条', quote: '享受婚假13天' }],
};

test('a turn of a conversation keeps its sources and the figures that it cites', () => {
  expect(questionFromAnswer(turn)).toMatchObject({
    question: '婚假几天？',
    answer: '婚假13天。',
    sources: [{ document: '休假.md', article: '第十二条' }],
    facts: [['13天', '13日', '十三日', '十三天']],
  });
  expect(questionFromAnswer({ ...turn, declined: true, citations: [] })).toMatchObject({
    category: 'unanswerable',
    facts: [],
  });
  expect(questionFromAnswer({ ...turn, citations: [] })).toBeNull();
});

test('what a model drafts is dropped where its facts do not stand in the passage', () => {
  const reply = (facts: string[]) =>
    `Sure: {"question": "结婚能休几天？", "answer": "13天", "facts": ${JSON.stringify(facts)}}`;
  expect(readDraft(reply(['13天']), leave)).toMatchObject({ question: '结婚能休几天？', facts: [['13天']] });
  expect(readDraft(reply(['15天']), leave)).toBeNull();
  expect(readDraft(reply(['3天', '30元']), leave)).toBeNull();
  expect(readDraft('no idea', leave)).toBeNull();
});
