import { describe, expect, it } from 'vitest';
import { displayWidth, fitToWidth, padToWidth } from './display-width.ts';
import { formatTable } from './table.ts';

describe('width in the terminal', () => {
  it.each([
    ['abc', 3],
    ['员工手册', 8],
    ['年假（2026版）.md', 17],
    ['e\u0301', 1],
    ['👍🏽', 2],
    ['\u001B[31mred\u001B[0m', 3],
    ['한국어 ｶﾅ', 9],
    ['', 0],
  ])('counts the columns of %j', (text, width) => expect(displayWidth(text)).toBe(width));

  it('cuts between characters and never in the middle of a wide one', () => {
    expect(fitToWidth('员工手册', 5)).toBe('员工…');
    expect(fitToWidth('员工手册', 6)).toBe('员工…');
    expect(fitToWidth('员工手册', 8)).toBe('员工手册');
  });

  it('pads to columns, not to characters', () => expect(padToWidth('手册', 6)).toBe('手册  '));

  it('lines up columns that mix Chinese and English', () => {
    const table = formatTable(
      [{ title: '文件' }, { title: 'Pages', align: 'right' }],
      [
        ['员工手册.pdf', '12'],
        ['vpn.md', '3'],
      ],
      { columns: 80 },
    );
    expect(table).toBe('文件          Pages\n员工手册.pdf     12\nvpn.md            3\n');
  });

  it('cuts the column that may be cut so that a row fits the terminal', () => {
    const table = formatTable([{ title: 'Id' }, { title: 'Reason', mayCut: true }], [['x', 'a'.repeat(50)]], {
      columns: 20,
    });
    for (const line of table.trimEnd().split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(20);
  });

  it('keeps line breaks and control characters of a name out of the table', () => {
    const table = formatTable([{ title: 'Name' }], [['a\nb\u001B[2Jc']], { columns: 80 });
    expect(table).toBe('Name\na b[2Jc\n');
  });
});
