import { expect, test } from 'vitest';
import { condenseQuestion } from './condense.ts';

const asked = (...questions: string[]) =>
  questions.flatMap((content) => [
    { role: 'user' as const, content },
    { role: 'assistant' as const, content: '依照规定办理。' },
  ]);

test.each([
  ['年假有几天？', '那满二十年呢？'],
  ['护士执业注册管几年？', '快到期了，要提前多久申请？'],
  ['怀疑密码泄露了该怎么办？', '报告以后信息中心会怎么处理？'],
  ['How long is the probation period?', 'And for a one-year contract?'],
  ['Who approves purchases above 50,000 yuan?', 'How long does it take?'],
])('%s — %s needs the earlier question', (first, second) => {
  expect(condenseQuestion(asked(first), second)).toBe(`${first}\n${second}`);
});

test.each([
  '劳动合同期限一年以上不满三年的，试用期不得超过几个月？',
  '离线备份磁带存放在哪个机房的保险柜里？',
  'Which documents must a new employee bring on the first day?',
])('a question that names its topic is left alone: %s', (question) => {
  expect(condenseQuestion(asked('年假有几天？'), question)).toBe(question);
});

test('without history the question stays as it was typed', () => {
  expect(condenseQuestion([], '那满二十年呢？')).toBe('那满二十年呢？');
});

test('a chain of follow-ups is carried back to the question that named the topic, and no further', () => {
  const history = asked('报销要几天到账？', '累计工龄八年的员工带薪年假有几天？', '那满十年呢？');
  expect(condenseQuestion(history, '二十年呢？')).toBe(
    '累计工龄八年的员工带薪年假有几天？\n那满十年呢？\n二十年呢？',
  );
});

test('a pasted page as an earlier question does not flood the search', () => {
  expect(condenseQuestion(asked('长'.repeat(5_000)), '那呢？').length).toBeLessThan(400);
});
