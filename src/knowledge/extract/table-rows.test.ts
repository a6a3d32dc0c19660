import { describe, expect, it } from 'vitest';
import { maxSpannedCells } from './limits.ts';
import { looksLikeHeader, type TableRow, tableRowTexts } from './table-rows.ts';

const row = (...texts: string[]): { cells: { text: string }[] } => ({
  cells: texts.map((text) => ({ text })),
});

describe('tableRowTexts', () => {
  it('names each value by its column, so that a row can be quoted by itself', () => {
    expect(tableRowTexts([row('部门', '电话'), row('信息科', '6001'), row('', '6002')])).toEqual([
      '部门: 信息科；电话: 6001',
      '电话: 6002',
    ]);
  });

  it('joins stacked head rows and does not name a line that runs across the table', () => {
    const rows = [
      {
        head: true,
        cells: [
          { text: '药品', rowspan: 2 },
          { text: '剂量', colspan: 2 },
        ],
      },
      { head: true, cells: [{ text: '成人' }, { text: '儿童' }] },
      row('甲类', '', ''),
      row('阿司匹林', '500mg', '100mg'),
    ];
    expect(tableRowTexts(rows)).toEqual(['甲类', '药品: 阿司匹林；剂量 成人: 500mg；剂量 儿童: 100mg']);
  });

  it('reads a form whose names stand in its first column', () => {
    const rows = [
      { cells: [{ text: '姓名', header: true }, { text: '王工' }] },
      { cells: [{ text: '电话', header: true }, { text: '6001' }] },
    ];
    expect(tableRowTexts(rows)).toEqual(['姓名；王工', '电话；6001']);
  });

  it('keeps the first row as values where it holds numbers', () => {
    expect(tableRowTexts([row('2026', '15'), row('2027', '16')])).toEqual(['2026；15', '2027；16']);
  });

  it('keeps every cell of a table with more cells than spans may fill, and no span runs away', () => {
    const wide = Array.from({ length: 10_000 }, () => '1');
    const rows: TableRow[] = [{ cells: [{ text: 'x', colspan: 1e9, rowspan: 1e9 }] }];
    while (rows.length * wide.length <= maxSpannedCells) rows.push(row(...wide));
    const values = tableRowTexts(rows).map((text) => text.match(/1/gu)?.length ?? 0);
    expect(values.slice(1)).toEqual(rows.slice(1).map(() => wide.length));
  });
});

describe('looksLikeHeader', () => {
  it.each([
    [['姓名', '电话'], true],
    [['姓名', '6001'], false],
    [['a@example.org', 'x'], false],
    [['2026-01-01', 'x'], false],
    [['一', '一'], false],
    [['x'.repeat(60), 'y'], false],
  ])('%j: %s', (texts, expected) => {
    expect(looksLikeHeader(texts)).toBe(expected);
  });
});
