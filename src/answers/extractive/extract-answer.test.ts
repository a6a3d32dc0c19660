import { describe, expect, it } from 'vitest';
import { extractAnswer } from './extract-answer.ts';
import { passageOf } from './passage-fixture.ts';

const leave = passageOf(
  1,
  '第三条 职工工作满1年的，年休假5天；满10年的，年休假10天。\n\n法定节假日不计入年休假。',
  {
    filename: '休假办法(2021-03-01).md',
    article: '第三条',
  },
);
const loan = passageOf(
  2,
  '第八条 借用笔记本电脑应当经部门负责人批准。\n\n有下列情形之一的，不得借用笔记本电脑：\n（一）上次借用逾期未还的；\n（二）试用期内的人员；\n（三）已提出离职的。\n\n前款规定的人员确需借用的，由信息中心主任批准。',
  { filename: '设备管理规定.md', article: '第八条', score: 0.6 },
);
const vpn = passageOf(
  3,
  'Remote access requires a VPN certificate. Submit the request form to the IT service desk, e.g. through the portal. Certificates expire after 180 days. It can be renewed once.',
  { filename: 'remote-access.pdf', score: 0.5 },
);
const all = [leave, loan, vpn];

const textOf = (question: string, passages = all) =>
  extractAnswer(question, passages)
    .sentences.map(({ text }) => text)
    .join('\n');

describe('extractAnswer', () => {
  it('answers a number question with the sentence that holds the figure, and cites it', () => {
    const answer = extractAnswer('工作满10年的年休假有几天？', all);
    expect(answer.declined).toBe(false);
    expect(answer.sentences[0]?.text).toBe(
      '《休假办法》第三条：职工工作满1年的，年休假5天；满10年的，年休假10天。',
    );
    expect(answer.sentences[0]?.citations).toEqual([1]);
  });

  it('keeps a list with the sentence that introduces it', () => {
    const text = textOf('哪些情形不得借用笔记本电脑？');
    expect(text).toContain(
      '有下列情形之一的，不得借用笔记本电脑：\n（一）上次借用逾期未还的；\n（二）试用期内的人员；\n（三）已提出离职的。',
    );
  });

  it('brings along what 前款 refers to', () => {
    const text = textOf('确需借用的由信息中心主任批准吗？', [loan]);
    expect(text).toContain('有下列情形之一的，不得借用笔记本电脑');
    expect(text).toContain('由信息中心主任批准');
  });

  it('answers every part of a question', () => {
    const text = textOf('工作满10年年休假几天？借用笔记本电脑要经谁批准？');
    expect(text).toContain('年休假10天');
    expect(text).toContain('经部门负责人批准');
  });

  it('answers English questions over English documents', () => {
    const text = textOf('How many days until a VPN certificate expires?');
    expect(text).toContain('Certificates expire after 180 days.');
    expect(textOf('Where do I submit the request form for remote access?')).toContain(
      'IT service desk, e.g. through the portal.',
    );
  });

  it('says a statement that two documents share once, with both citations', () => {
    const twin = passageOf(4, '职工工作满1年的，年休假5天；满10年的，年休假10天。', {
      filename: '员工手册.docx',
      score: 0.9,
    });
    const answer = extractAnswer('工作满10年的年休假有几天？', [leave, twin]);
    expect(answer.sentences.filter(({ text }) => text.includes('年休假10天'))).toHaveLength(1);
    expect(answer.sentences[0]?.citations).toEqual([1, 4]);
  });

  it('shows both sides of a contradiction with document and date', () => {
    const older = passageOf(4, '职工工作满1年的，年休假3天；满10年的，年休假7天。', {
      filename: '休假办法(2009-01-01).md',
      score: 0.9,
    });
    const text = textOf('工作满10年的年休假有几天？', [leave, older]);
    expect(text).toContain('《休假办法》（2021-03-01）第三条：');
    expect(text).toContain('《休假办法》（2009-01-01，较旧，已有2021版）：职工工作满1年的，年休假3天');
  });

  it('quotes the edition in force first, and names the editions', () => {
    const older = passageOf(1, '第五条 结婚的员工享受婚假10天。', {
      filename: '休假办法（2022版）.txt',
      article: '第五条',
    });
    const newer = passageOf(2, '第六条 结婚的员工享受婚假13天。', {
      filename: '休假办法（2026版）.md',
      article: '第六条',
      score: 0.8,
    });
    const answer = extractAnswer('结婚的员工享受婚假几天？', [older, newer]);
    expect(answer.sentences.map(({ text }) => text)).toEqual([
      '《休假办法（2026版）》第六条：结婚的员工享受婚假13天。',
      '《休假办法（2022版）》（较旧，已有2026版）第五条：结婚的员工享受婚假10天。',
    ]);
    expect(textOf('按2022版的规定结婚的员工享受婚假几天？', [older, newer]).split('\n')[0]).toContain('10天');
  });

  it('does not answer a follow-up with what the question before it asked for', () => {
    const tape = passageOf(1, '离线备份磁带存放于院外银行保管箱，由两人押送。', { score: 1 });
    const rail = passageOf(2, '普通员工出差乘坐高铁二等座。\n\n自己开车出差的，按每公里0.8元包干。', {
      score: 0.9,
    });
    expect(
      textOf('普通员工出差坐高铁可以坐几等座？\n那自己开车去呢？', [tape, rail]).split('\n')[0],
    ).toContain('0.8元');
  });

  it('keeps the closing clause with its list, and starts a ruling with the sentence that rules', () => {
    const list = passageOf(
      1,
      '第七条 有下列情形之一的，可以由一人开启药柜：\n（一）夜班只有一人在岗；\n（二）正在抢救。\n上述情形须在事后2小时内补签。',
      { filename: '药柜规定.pdf', article: '第七条' },
    );
    expect(textOf('哪些情形可以由一人开启药柜？', [list])).toContain('上述情形须在事后2小时内补签。');
    const hotspot = passageOf(2, '禁止架设无线基站，以免干扰仪器。单人病房内可以使用手机热点。');
    expect(textOf('单人病房能用手机热点吗？', [hotspot])).toBe('单人病房内可以使用手机热点。');
  });

  it('declines when the right person is there but not the property asked for', () => {
    const row = passageOf(1, '部门: 急诊科；分机: 8020；负责人: 卢景行', { filename: '分机表.csv' });
    const passage = { ...row, coverage: 0.6, lexical: 0.3 };
    expect(extractAnswer('急诊科主任卢景行的手机号是多少？', [passage]).declined).toBe(true);
    expect(extractAnswer('急诊科负责人卢景行的分机是多少？', [passage]).declined).toBe(false);
  });

  it('gives the matching rows of a table', () => {
    const table = passageOf(
      1,
      '城市: 甲市；住宿上限: 400元\n城市: 乙市；住宿上限: 300元\n城市: 丙市；住宿上限: 250元',
      {
        filename: '差旅标准.xlsx',
      },
    );
    const text = textOf('去乙市出差住宿上限是多少元？', [table]);
    expect(text.split('\n')[0]).toBe('城市: 乙市；住宿上限: 300元');
  });

  it('declines in the language of the question, names what was looked at, and states no figure', () => {
    const chinese = extractAnswer('食堂的停车场晚上几点关门？', [leave, loan]);
    expect(chinese.declined).toBe(true);
    expect(chinese.sentences.every(({ citations }) => citations.length === 0)).toBe(true);
    expect(chinese.sentences[0]?.text).toContain('没有涵盖');
    expect(chinese.sentences[0]?.text).toContain('《设备管理规定》');
    expect(chinese.sentences.map(({ text }) => text).join('')).not.toMatch(/\d/);
    const english = extractAnswer('What is the dress code for visitors?', [vpn]);
    expect(english.declined).toBe(true);
    expect(english.sentences[0]?.text).toContain('do not cover');
  });

  it('declines when the subject is there but the figure that was asked for is not', () => {
    expect(extractAnswer('借用笔记本电脑的押金是工资的百分之几？', [loan]).declined).toBe(true);
  });

  it('declines on nothing at all', () => {
    expect(extractAnswer('', []).declined).toBe(true);
    expect(extractAnswer('年休假几天？', []).declined).toBe(true);
    expect(extractAnswer('？？？', all).declined).toBe(true);
  });

  it('gives the same answer every time', () => {
    expect(extractAnswer('借用电脑找谁批准？', all)).toEqual(extractAnswer('借用电脑找谁批准？', all));
  });

  it('quotes the rule in force alone where the attributes say that the other one is withdrawn', () => {
    const standing = (state: 'in-force' | 'withdrawn', effectiveDate: string) => ({
      state,
      effectiveDate,
      edition: null,
      series: null,
    });
    const old = passageOf(1, '结婚的员工享受婚假10天，须在登记后一年内休完。', {
      filename: 'leave-rules-a.md',
      standing: standing('withdrawn', '2022-03-01'),
    });
    const current = passageOf(2, '员工结婚，可以休婚假13天。', {
      filename: 'leave-rules-b.md',
      standing: standing('in-force', '2026-01-01'),
    });
    expect(textOf('结婚的员工享受婚假几天？', [old, current])).toContain('13天');
    expect(textOf('结婚的员工享受婚假几天？', [old, current])).not.toContain('10天');
    expect(textOf('结婚的员工享受婚假几天？', [old])).toContain('已不再适用');
  });
});
