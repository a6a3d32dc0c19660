import { describe, expect, it } from 'vitest';
import { languageOf } from '../../knowledge/search/question-parts.ts';
import { analyseQuestion } from './question.ts';

const expected = (question: string) =>
  analyseQuestion(question).parts.map(({ expects }) =>
    [expects.kind, expects.quantities[0] ?? '', expects.unit ?? ''].join(' ').trim(),
  );

describe('analyseQuestion', () => {
  it('knows which kind of figure is asked for', () => {
    expect(expected('年假有几天？')).toEqual(['quantity duration day']);
    expect(expected('试用期最长几个月')).toEqual(['quantity duration month']);
    expect(expected('罚款不得超过工资的百分之几？')).toEqual(['quantity ratio %']);
    expect(expected('住宿一晚最多报销多少钱？')).toEqual(['quantity money']);
    expect(expected('最迟多久要上报？')).toEqual(['quantity duration']);
    expect(expected('全长多少公里？')).toEqual(['quantity count 公里']);
    expect(expected('How many days of leave do I get?')).toEqual(['quantity duration day']);
    expect(expected('What percentage is covered?')).toEqual(['quantity ratio %']);
    expect(expected('When does the shift start?')).toEqual(['quantity date']);
  });

  it('knows questions for a ruling, a person, a place and a procedure', () => {
    expect(expected('可以把密码告诉同事吗')).toEqual(['yes-no']);
    expect(expected('这种能报销不')).toEqual(['yes-no']);
    expect(expected('应当由谁批准？')).toEqual(['agent']);
    expect(expected('在哪里领取？')).toEqual(['place']);
    expect(expected('领证在几楼办')).toEqual(['place']);
    expect(expected('忘了密码怎么办')).toEqual(['procedure']);
    expect(expected('May I share my badge?')).toEqual(['yes-no']);
    expect(expected('Who approves overtime?')).toEqual(['agent']);
    expect(expected('How do I reset my password?')).toEqual(['procedure']);
  });

  it('knows how often from how long, and the property that is asked for by name', () => {
    expect(expected('密码多久换一次？')).toEqual(['frequency']);
    expect(expected('How often are backups made?')).toEqual(['frequency']);
    expect(expected('密码多久失效？')).toEqual(['quantity duration']);
    expect(analyseQuestion('信息中心主任的手机号是多少？').parts[0]?.property).toBe('手机号');
  });

  it('takes the last line of a condensed follow-up for the question', () => {
    const { context, parts } = analyseQuestion('高铁可以坐几等座？\n那自己开车呢？');
    expect(parts.map(({ text }) => text)).toEqual(['那自己开车呢?']);
    expect(context).toContain('几等座');
  });

  it('splits a question of several parts, and leaves context with the part that asks', () => {
    const { parts } = analyseQuestion('我下月调岗，手续找谁办？几天能办完？');
    expect(parts.map(({ text }) => text)).toEqual(['我下月调岗,手续找谁办?', '几天能办完?']);
    expect(analyseQuestion('How long is the trial, and who signs it?').parts).toHaveLength(2);
  });

  it('tells the language by what the question is written in', () => {
    expect(languageOf('VPN 怎么连？')).toBe('zh');
    expect(languageOf('How do I use the 内网?')).toBe('en');
    expect(languageOf('2+2')).toBe('en');
  });
});
