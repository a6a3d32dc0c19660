import { describe, expect, it } from 'vitest';
import { passageOf } from './passage-fixture.ts';
import { splitPassage, unitText } from './split-passage.ts';
import { splitSentences } from './split-sentences.ts';

const texts = (text: string, article: string | null = null) =>
  splitPassage(passageOf(1, text, { article })).map((unit) => ({ kind: unit.kind, text: unitText(unit) }));

describe('splitSentences', () => {
  it('cuts Chinese at full stops, and keeps quotes and brackets whole', () => {
    expect(splitSentences('他说：“可以。”然后离开。费用（含税。不含运费）由公司承担！')).toEqual([
      '他说：“可以。”',
      '然后离开。',
      '费用（含税。不含运费）由公司承担！',
    ]);
  });

  it('does not stop English at abbreviations, decimals and initials', () => {
    expect(splitSentences('See Dr. Smith, e.g. in room No. 5. The fee is 3.5 percent. Apply early!')).toEqual(
      ['See Dr. Smith, e.g. in room No. 5.', 'The fee is 3.5 percent.', 'Apply early!'],
    );
  });
});

describe('splitPassage', () => {
  it('keeps a list with the sentence that introduces it, and leaves the sentences before it alone', () => {
    const text =
      '第九条 借用设备应当登记。有下列情形之一的，不予借用：\n（一）未还清的；\n\n（二）设备在修的。\n\n逾期按日计费。';
    expect(texts(text, '第九条')).toEqual([
      { kind: 'sentence', text: '借用设备应当登记。' },
      { kind: 'list', text: '有下列情形之一的，不予借用：\n（一）未还清的；\n（二）设备在修的。' },
      { kind: 'sentence', text: '逾期按日计费。' },
    ]);
  });

  it('joins lines that were broken in mid-sentence', () => {
    expect(
      texts(
        '（一）在休息日安排工作而又不能安排补休的，按照\n\n不低于本人工资标准的２００％支付；\n（二）其他。',
      ),
    ).toEqual([
      {
        kind: 'list',
        text: '（一）在休息日安排工作而又不能安排补休的，按照不低于本人工资标准的２００％支付；\n（二）其他。',
      },
    ]);
  });

  it('keeps table rows apart, and drops headings and a lone list mark', () => {
    expect(texts('# 报销\n城市: 甲市；上限: 400元\n城市: 乙市；上限: 300元')).toEqual([
      { kind: 'row', text: '城市: 甲市；上限: 400元' },
      { kind: 'row', text: '城市: 乙市；上限: 300元' },
    ]);
    expect(texts('- Keep the badge visible.')).toEqual([
      { kind: 'sentence', text: 'Keep the badge visible.' },
    ]);
  });

  it('keeps the bullets of a slide together, and a list whose marks were lost with its introduction', () => {
    expect(texts('清点使用呼吸机的患者，先看人，再看机\n立即手动通气\n电话报告配电房')).toEqual([
      { kind: 'list', text: '清点使用呼吸机的患者，先看人，再看机\n立即手动通气\n电话报告配电房' },
    ]);
    expect(texts('下列账号不强制更换密码：\n硬件密钥账号；\n叫号屏账号。\n其他账号半年一换。')).toEqual([
      { kind: 'list', text: '下列账号不强制更换密码：\n硬件密钥账号；\n叫号屏账号。' },
      { kind: 'sentence', text: '其他账号半年一换。' },
    ]);
  });

  it('does not glue bullets that end without a stop', () => {
    const lines = '两路市电，自动切换时间不超过2秒\n柴油发电机2台，每台1000千瓦\n灯光由发电机供电。';
    expect(
      texts(lines)
        .map(({ text }) => text)
        .join('|'),
    ).not.toContain('2秒柴油');
  });

  it('keeps a short paragraph whole and cuts a long one into sentences', () => {
    const long = `${'甲方应当按照约定提供服务。'.repeat(12)}`;
    expect(texts('每满一年付一个月。不满半年的付半个月。')).toHaveLength(1);
    expect(texts(long)).toHaveLength(12);
  });
});
