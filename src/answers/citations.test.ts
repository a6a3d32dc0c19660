import { describe, expect, it } from 'vitest';
import { citationsOf, parseCitations, renderExtractive } from './citations.ts';
import type { Passage } from './ports.ts';

const numbers = new Set([1, 2, 3, 4]);

function passage(number: number, text: string): Passage {
  return {
    number,
    filename: `doc-${number}.md`,
    knowledgeBaseId: 'kb',
    score: 1,
    chunk: {
      id: `d${number}#0`,
      documentId: `d${number}`,
      ordinal: 0,
      text,
      headingPath: [],
      page: null,
      article: null,
      start: 0,
      end: text.length,
      tokens: text.length,
    },
  };
}

describe('parseCitations', () => {
  it('reads every form that models write, half and full width', () => {
    const cited = (text: string) => parseCitations(text, numbers).map((mark) => mark.passageNumber);
    expect(cited('年休假5天 [1]。')).toEqual([1]);
    expect(cited('a [1][2]')).toEqual([1, 2]);
    expect(cited('a [1, 3]，b【2】')).toEqual([1, 3, 2]);
    expect(cited('全角［１］【２、３】')).toEqual([1, 2, 3]);
    expect(cited('range [2-4]')).toEqual([2, 3, 4]);
  });

  it('drops numbers that no passage has, links and brackets that hold no number', () => {
    expect(parseCitations('a [9] b [1](https://example.org) c [x] d [] e [2024]', numbers)).toEqual([]);
  });

  it('reads a hostile run of digits in no time', () => {
    expect(parseCitations(`[${'1'.repeat(50_000)} ${'[1,'.repeat(20_000)}`, numbers)).toEqual([]);
  });

  it('says where each mark stands', () => {
    const text = '五天 [1]。';
    const [mark] = parseCitations(text, numbers);
    expect(text.slice(mark?.start, mark?.end)).toBe('[1]');
  });
});

describe('citationsOf', () => {
  const passages = [
    passage(
      1,
      '年休假按下列标准。\n已满1年不满10年的，年休假5天；已满20年的，年休假15天。\n法定休假日不计入。',
    ),
    passage(2, 'Annual leave is 15 days. Sick leave is paid in full for 30 days.'),
  ];

  it('quotes the sentence of the passage that the statement rests on, verbatim', () => {
    const citations = citationsOf(
      '工龄满二十年，年休假15天 [1]。Sick leave is paid for 30 days [2].',
      passages,
    );
    expect(citations.map(({ documentId, filename, quote }) => ({ documentId, filename, quote }))).toEqual([
      {
        documentId: 'd1',
        filename: 'doc-1.md',
        quote: '已满1年不满10年的，年休假5天；已满20年的，年休假15天。',
      },
      { documentId: 'd2', filename: 'doc-2.md', quote: 'Sick leave is paid in full for 30 days.' },
    ]);
  });

  it('quotes all sentences of a statement that repeats several', () => {
    const list = passage(1, '不得借用：\n（一）逾期未还的；\n（二）已离职的。\n其他人员可以借用，费用自理。');
    const [citation] = citationsOf('不得借用：\n（一）逾期未还的；\n（二）已离职的。 [1]', [list]);
    expect(citation?.quote).toBe('不得借用：\n（一）逾期未还的；\n（二）已离职的。');
  });

  it('gives marks that stand side by side the same statement', () => {
    const citations = citationsOf('Sick leave is paid [1][2].', passages);
    expect(citations.map(({ chunkId }) => chunkId)).toEqual(['d1#0', 'd2#0']);
    expect(citations[1]?.quote).toContain('Sick leave');
  });
});

describe('renderExtractive', () => {
  it('writes marks that the parser reads back, and none that the source brought along', () => {
    const pieces = renderExtractive({
      declined: false,
      sentences: [
        { text: '年休假5天。[3]', citations: [1, 2] },
        { text: '另有[[3]4]规定[[[1]2]3]的除外。', citations: [2] },
      ],
    });
    expect(pieces).toHaveLength(2);
    expect(parseCitations(pieces.join(''), numbers).map((mark) => mark.passageNumber)).toEqual([1, 2, 2]);
  });
});
