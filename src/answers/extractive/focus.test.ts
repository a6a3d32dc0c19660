import { describe, expect, it } from 'vitest';
import { focusOf } from './focus.ts';

describe('focusOf', () => {
  it.each([
    ['保安一个月工资多少', '工资'],
    ['员工可以休几天婚假', '婚假'],
    ['至少要留多长的医疗期', '医疗期'],
    ['会议室的租金是多少', '租金'],
  ])('%s asks for %s', (question, focus) => {
    expect(focusOf(question, 'zh')).toBe(focus);
  });

  it.each([
    '逾期多少天要停用',
    '竹林的建筑有什么特点',
    '罚款的金额是多少',
    '最晚什么时候提交',
    '应当在多少天内必须换新的',
  ])('%s names nothing that a text would have to hold', (question) => {
    expect(focusOf(question, 'zh')).toBeNull();
  });

  it('takes the head of an English noun phrase, and no word that only says what is wanted', () => {
    expect(focusOf('what is the current interest rate for savings?', 'en')).toBe('rate');
    expect(focusOf('how many parking spaces does the branch have?', 'en')).toBe('spaces');
    expect(focusOf('what is the maximum amount for a meal?', 'en')).toBeNull();
    expect(focusOf('how many days are there?', 'en')).toBeNull();
  });
});
