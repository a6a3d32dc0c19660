import { describe, expect, test } from 'vitest';
import { expansionsOf } from './expansions.ts';
import { GLOSSARY } from './glossary.ts';
import { SERVICES_GLOSSARY } from './glossary-services.ts';
import { OFFICE_SYNONYMS } from './office-synonyms.ts';
import { planQuery } from './query-plan.ts';
import { withoutQuestionWords } from './question-words.ts';
import { SERVICE_SYNONYMS } from './service-synonyms.ts';
import { SYNONYMS } from './synonyms.ts';

const termsOf = (query: string) => planQuery(query).terms.map(({ term }) => term);

describe('question words', () => {
  test.each([
    ['请问年假有多少天呢', '年假'],
    ['怎么申请报销', '申请报销'],
    ['出差的住宿标准是什么', '住宿标准'],
    ['系统的目的', '目的'],
    ['了解考勤制度', '了解考勤制度'],
    ['工会主席能罢免吗', '工会主席'],
  ])('%s keeps %s', (question, kept) => {
    expect(withoutQuestionWords(question)).toContain(kept);
  });

  test('they give no terms of their own and no pairs with their neighbours', () => {
    expect(termsOf('年假有多少天')).not.toContain('多少');
    expect(termsOf('劳动合同的期限')).not.toContain('同的');
    expect(termsOf('滤网多久洗一次')).not.toContain('一次');
    expect(termsOf('How often do I have to get a badge?')).toEqual(termsOf('badge'));
  });
});

describe('what is asked for', () => {
  test.each([
    ['试用期最长几个月？', 'duration'],
    ['罚款多少元？', 'money'],
    ['缴费比例是百分之几？', 'ratio'],
    ['多少人以上要设安全员？', 'count'],
    ['制度从哪年开始施行？', 'date'],
    ['How many days of leave?', 'duration'],
    ['How much is the allowance?', 'money'],
    ['谁负责审批？', null],
    ['密码多久换一次？', 'frequency'],
    ['滤网隔几天洗一回', 'frequency'],
    ['How often are the filters cleaned?', 'frequency'],
  ])('%s asks for %s', (question, quantity) => {
    expect(planQuery(question).quantity).toBe(quantity);
  });

  test('named articles and titles are recognised in either numeral', () => {
    expect(planQuery('《劳动合同法》第十九条怎么规定')).toMatchObject({
      articles: ['第19条'],
      titles: ['劳动合同法'],
    });
    expect(planQuery('第19条')).toMatchObject({ articles: ['第19条'] });
  });
});

describe('other words for the same thing', () => {
  const meant = (text: string) =>
    expansionsOf(text).flatMap(({ alternatives }) => alternatives.map(({ text }) => text));

  test('an everyday word stands for what rules call it, longest match first', () => {
    expect(meant('老板不给加班费')).toEqual(expect.arrayContaining(['用人单位', '工资报酬']));
    expect(expansionsOf('加班费').map(({ phrase }) => phrase)).toEqual(['加班费']);
  });

  test('English terms are looked up word by word, whatever their form', () => {
    expect(meant('is maternity leave paid')).toContain('产假');
    expect(meant('personal computers')).toContain('电脑');
    expect(meant('年假')).toContain('annual leave');
  });

  test('a phrase and its alternatives are one notion of the plan', () => {
    const plan = planQuery('辞退');
    expect(plan.concepts).toHaveLength(1);
    expect(plan.concepts[0]?.alternatives.length).toBeGreaterThan(1);
  });

  test.each([
    ['synonyms', SYNONYMS, / = | > /],
    ['synonyms of offices', OFFICE_SYNONYMS, / = | > /],
    ['synonyms of services', SERVICE_SYNONYMS, / = | > /],
    ['glossary', GLOSSARY, /^[a-z0-9 ]+(?:, [a-z0-9 ]+)*: /],
    ['glossary of services', SERVICES_GLOSSARY, /^[a-z0-9 ]+(?:, [a-z0-9 ]+)*: /],
  ])('every line of the %s is well formed', (_, table, form) => {
    const lines = table.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines.filter((line) => !form.test(line))).toEqual([]);
    expect(lines.filter((line) => /, ,|,,|\s$|, >|> ,/.test(line))).toEqual([]);
  });
});

describe('a condensed follow-up', () => {
  test('counts its context less than its question', () => {
    const plan = planQuery('护士执业注册有效期\n延续注册');
    const weights = new Set(plan.concepts.map(({ weight }) => weight));
    expect(Math.max(...weights)).toBe(1);
    expect(weights.size).toBe(2);
  });
});

test.each(['', '？？？', '的了吗', '\n\n', '😀'])(
  'a question without content is planned to nothing or little: %j',
  (query) => {
    expect(planQuery(query).concepts.length).toBeLessThanOrEqual(1);
  },
);

test('a question of a megabyte is cut before it is analysed', () => {
  expect(planQuery('如何申请年假'.repeat(200_000)).terms.length).toBeLessThan(200);
});

describe('verbs of one character', () => {
  const alternativesOf = (query: string, phrase: string) =>
    expansionsOf(query)
      .filter((expansion) => expansion.phrase === phrase)
      .flatMap(({ alternatives }) => alternatives.map(({ text }) => text));

  test('what is said as 换 or 丢 is looked for as documents write it', () => {
    expect(alternativesOf('滤网多久换一次', '换')).toContain('更换');
    expect(alternativesOf('门卡丢了', '丢')).toContain('遗失');
  });

  test('a character inside another word is no verb', () => {
    expect(alternativesOf('兑换外币', '换')).toEqual([]);
  });
});

describe('several questions in one', () => {
  test('each part knows its own notions', () => {
    const plan = planQuery('滤网由谁清洗？水箱最多能装多少升？');
    const namesOf = (part: number[]) =>
      part.flatMap((index) => plan.concepts[index]?.own.map((term) => plan.terms[term]?.term) ?? []);
    expect(plan.parts).toHaveLength(2);
    expect(namesOf(plan.parts[0] as number[])).toContain('滤网');
    expect(namesOf(plan.parts[0] as number[])).not.toContain('水箱');
    expect(namesOf(plan.parts[1] as number[])).toContain('水箱');
  });

  test('a question for one thing has no parts', () => {
    expect(planQuery('滤网由谁清洗？').parts).toEqual([]);
  });
});
