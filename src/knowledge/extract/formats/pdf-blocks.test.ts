import { describe, expect, it } from 'vitest';
import { BlockCollector } from '../block-collector.ts';
import { addPdfBlocks } from './pdf-blocks.ts';
import { withoutFurniture } from './pdf-furniture.ts';
import type { PdfLine } from './pdf-lines.ts';

const pageHeight = 800;

/** A line at a height, as wide as its text in a 10 point font unless told otherwise. */
function line(text: string, top: number, changed: Partial<PdfLine> = {}): PdfLine {
  const left = changed.left ?? 50;
  const width = [...text].reduce((sum, character) => sum + (character > '\u2E80' ? 10 : 5), 0);
  const cells = text.split('  ').map((cell, index) => ({ text: cell, left: left + index * 100 }));
  return {
    text,
    page: 1,
    left,
    right: left + width,
    top,
    fontSize: 10,
    pageHeight,
    cells,
    headingLevel: null,
    rows: null,
    ...changed,
  };
}

function read(...pages: PdfLine[][]): string[] {
  const out = new BlockCollector({ maxCharacters: 100_000 });
  addPdfBlocks(withoutFurniture(pages), out);
  return out.blocks.map((block) => `${block.kind}${block.level ?? ''}: ${block.text}`);
}

describe('lines of a PDF become the paragraphs that were written', () => {
  it('joins Chinese lines without blanks and begins anew at an indent', () => {
    expect(
      read([
        line('　　为了规范值班人员的处置程序保障系统', 100, { left: 50, right: 250 }),
        line('运行，制定本办法并通知到各个科室遵照执', 116, { right: 250 }),
        line('行。', 132),
        line('本办法自发布之日起施行。', 148, { left: 70 }),
      ]),
    ).toEqual([
      'paragraph: 为了规范值班人员的处置程序保障系统运行，制定本办法并通知到各个科室遵照执行。',
      'paragraph: 本办法自发布之日起施行。',
    ]);
  });

  it('joins words that were divided at the end of a line', () => {
    const text = read([line('The engineer records the infor-', 100), line('mation in the log.', 112)]);
    expect(text).toEqual(['paragraph: The engineer records the information in the log.']);
  });

  it('begins anew at each article and each list mark', () => {
    const kinds = read([
      line('第一条 值班人员应当在机房', 100, { right: 250 }),
      line('第二条 通知总务科', 116, { right: 250 }),
      line('（一）报警', 132, { right: 250 }),
      line('• one', 148),
    ]);
    expect(kinds.map((text) => text.split(':')[0])).toEqual([
      'paragraph',
      'paragraph',
      'list-item',
      'list-item',
    ]);
  });

  it('goes on overleaf in the middle of a sentence, past running heads and page numbers', () => {
    const page = (number: number, ...lines: PdfLine[]): PdfLine[] => [
      line('院内手册', 30, { page: number }),
      ...lines,
      line(`- ${number} -`, 780, { page: number }),
    ];
    expect(
      read(
        page(
          1,
          line('值班人员应当在停电后十五分钟内', 700, { right: 250 }),
          line('到达机房并且把到达的时间写在值', 716, { right: 250 }),
        ),
        page(2, line('班手册内。', 100, { page: 2 })),
        page(3, line('完。', 100, { page: 3 })),
      ),
    ).toEqual([
      'paragraph: 值班人员应当在停电后十五分钟内到达机房并且把到达的时间写在值班手册内。',
      'paragraph: 完。',
    ]);
  });

  it('takes larger lines as headings, largest first, and no line of a table of contents', () => {
    const body = line('Body text that is long enough to be the usual size of this page.', 200);
    expect(
      read([
        line('Title', 50, { fontSize: 20 }),
        line('Part', 100, { fontSize: 14 }),
        body,
        line('1 Introduction . . . . . . . 3', 240, { fontSize: 14 }),
      ]),
    ).toEqual([
      'heading1: Title',
      'heading2: Part',
      `paragraph: ${body.text}`,
      'paragraph: 1 Introduction … 3',
    ]);
  });

  it('reads lines of even columns as table rows', () => {
    expect(
      read([line('部门  电话  人', 100), line('信息科  6001  王', 116), line('总务科  6002  李', 132)]),
    ).toEqual(['table-row: 部门: 信息科；电话: 6001；人: 王', 'table-row: 部门: 总务科；电话: 6002；人: 李']);
  });
});
