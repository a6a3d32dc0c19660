import { describe, expect, it } from 'vitest';
import type { Passage } from '../ports.ts';
import { extractAnswer } from './extract-answer.ts';
import { passageOf } from './passage-fixture.ts';

function retrieved(passage: Passage, coverage: number, lexical: number): Passage {
  return { ...passage, coverage, lexical };
}

const visitors = passageOf(1, '访客应当在前台登记，并佩戴访客证。访客证应当在离开时交还前台。', {
  filename: '访客管理.md',
});

describe('the decision to answer', () => {
  it('answers on strong evidence from retrieval and declines on weak, for one and the same passage', () => {
    const question = '来访人员进入办公区域之前应当办理怎样的登记手续？';
    expect(extractAnswer(question, [retrieved(visitors, 0.8, 0.25)]).declined).toBe(false);
    expect(extractAnswer(question, [retrieved(visitors, 0.1, 0.02)]).declined).toBe(true);
  });

  it('asks less of someone who tells of their own case in everyday words', () => {
    const evidence = [retrieved(visitors, 0.25, 0.045)];
    expect(extractAnswer('我带个朋友来公司转转，到前台要先登记一下不？', evidence).declined).toBe(false);
    expect(extractAnswer('携带外部人员进入公司办公区域参观，前台登记的要求是什么？', evidence).declined).toBe(
      true,
    );
  });

  it('does not take a figure from a sentence that is not about the subject', () => {
    const mourning = retrieved(passageOf(1, '员工丧假期间工资照发，由科室负责人批准。'), 0.45, 0.09);
    const annual = retrieved(passageOf(2, '年休假为5天，不含法定节假日。'), 0.2, 0.04);
    expect(extractAnswer('员工丧假批准的天数是多少天？', [mourning, annual]).declined).toBe(true);
    expect(extractAnswer('年休假为多少天，含不含法定节假日？', [mourning, annual]).declined).toBe(false);
  });

  it('does not answer a percentage with an amount, or an age with a period', () => {
    const text = '逾期归还设备的，按每日20元收取费用，超过三个月的停止借用。';
    const passage = retrieved(passageOf(1, text), 0.9, 0.3);
    expect(extractAnswer('逾期归还设备按百分之几收取费用？', [passage]).declined).toBe(true);
    expect(extractAnswer('逾期归还设备停止借用的人多少岁？', [passage]).declined).toBe(true);
    expect(extractAnswer('逾期归还设备每日收取费用多少元？', [passage]).declined).toBe(false);
  });

  it('wants the figure to stand with the word that was asked for', () => {
    const evidence = [
      retrieved(passageOf(1, '保洁员连续工作满两年的，可以申请调岗。保洁员的工装每年发放一次。'), 0.4, 0.08),
    ];
    expect(extractAnswer('保洁员要满多长的见习期？', evidence).declined).toBe(true);
    expect(extractAnswer('保洁员要连续工作满多长时间才能申请调岗？', evidence).declined).toBe(false);
  });

  it('doubts an answer that never says what was asked for by name, unless all else speaks for it', () => {
    const text = '保洁员的工作由后勤科安排。';
    const asked = '按照规定，保洁员的加班津贴怎么算？';
    expect(extractAnswer(asked, [retrieved(passageOf(1, text), 0.4, 0.06)]).declined).toBe(true);
    expect(extractAnswer(asked, [retrieved(passageOf(1, text), 0.7, 0.2)]).declined).toBe(false);
    const named = '保洁员的加班津贴由后勤科按月申请。';
    expect(extractAnswer(asked, [retrieved(passageOf(1, named), 0.4, 0.06)]).declined).toBe(false);
  });
});
