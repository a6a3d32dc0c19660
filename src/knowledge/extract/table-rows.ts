import { cleanText } from './block-collector.ts';
import { maxSpannedCells, maxTableColumns } from './limits.ts';

export interface TableCell {
  text: string;
  colspan?: number;
  rowspan?: number;
  /** Marked as a header by the document. */
  header?: boolean;
}

export interface TableRow {
  cells: TableCell[];
  /** The document marks the row as part of the head. */
  head?: boolean;
}

interface GridCell {
  text: string;
  header: boolean;
  /** False for the cells that a horizontal span covers after its first. */
  own: boolean;
}

/** One text per row, `header: value；header: value`, with merged cells repeated downwards. */
export function tableRowTexts(rows: readonly TableRow[]): string[] {
  const grid = layOut(rows);
  const headRows = countHeadRows(rows, grid);
  const headers = columnHeaders(grid.slice(0, headRows));
  const body = grid.slice(headRows);
  const shown = body.length === 0 ? grid : body;
  const names = body.length === 0 ? [] : headers;
  return shown.map((row) => rowText(row, names)).filter((text) => text !== '');
}

/** Rows that are already a plain grid, the first one being the header unless it holds values. */
export function rowText(row: readonly { text: string; own?: boolean }[], headers: readonly string[]): string {
  const parts: string[] = [];
  const filled = row.filter((cell) => cell.text !== '' && cell.own !== false).length;
  row.forEach((cell, column) => {
    if (cell.text === '' || cell.own === false) return;
    const header = headers[column] ?? '';
    // A lone cell is a section line across the table, not a value of its first column.
    const named = header !== '' && header !== cell.text && !(filled === 1 && row.length > 2 && column === 0);
    parts.push(named ? `${header}: ${cell.text}` : cell.text);
  });
  return parts.join('；');
}

/** Whether a row reads like column names: several short, distinct texts, none of them a number or a date. */
export function looksLikeHeader(texts: readonly string[]): boolean {
  const filled = texts.filter((text) => text !== '');
  if (filled.length < 2 || filled.length < texts.length * 0.6) return false;
  if (new Set(filled).size < filled.length) return false;
  return filled.every((text) => text.length <= 40 && !isValue(text));
}

function isValue(text: string): boolean {
  return (
    /^[-+¥$€£]?\d[\d.,:/%\s-]*$/u.test(text) || /^\d{4}[-/年]\d/u.test(text) || /^\S+@\S+\.\S+$/u.test(text)
  );
}

/** Resolves spans: every row gets its cells at their true columns. */
function layOut(rows: readonly TableRow[]): GridCell[][] {
  const pending: { cell: GridCell; rows: number }[] = [];
  let spare = maxSpannedCells;
  return rows.map((row) => {
    const line: GridCell[] = [];
    const takePending = (): void => {
      let above = pending[line.length];
      while (above !== undefined && above.rows > 0) {
        above.rows = spare-- > 0 ? above.rows - 1 : 0;
        line.push(above.cell);
        above = pending[line.length];
      }
    };
    for (const cell of row.cells) {
      takePending();
      const text = cleanText(cell.text).replaceAll('\n', ' ');
      const width = Math.max(1, Math.min(cell.colspan ?? 1, maxTableColumns - line.length));
      for (let offset = 0; offset < width && (offset === 0 || spare-- > 0); offset++) {
        const laid: GridCell = { text, header: cell.header === true, own: offset === 0 };
        const rowsBelow = Math.min((cell.rowspan ?? 1) - 1, rows.length);
        if (rowsBelow > 0) pending[line.length] = { cell: laid, rows: rowsBelow };
        line.push(laid);
      }
    }
    takePending();
    return line;
  });
}

function countHeadRows(rows: readonly TableRow[], grid: readonly GridCell[][]): number {
  let marked = 0;
  while (marked < grid.length && isMarkedHead(rows[marked], grid[marked])) marked++;
  if (marked > 0) return marked;
  const anyMarked = grid.some((row) => row.some((cell) => cell.header));
  const first = grid[0];
  if (anyMarked || first === undefined || grid.length < 2) return 0;
  return looksLikeHeader(first.map((cell) => cell.text)) ? 1 : 0;
}

function isMarkedHead(row: TableRow | undefined, line: readonly GridCell[] | undefined): boolean {
  if (row === undefined || line === undefined || line.length === 0) return false;
  return row.head === true || line.every((cell) => cell.header || cell.text === '');
}

/** Stacked head rows become one name per column, group first. */
function columnHeaders(head: readonly GridCell[][]): string[] {
  const width = Math.max(0, ...head.map((row) => row.length));
  return Array.from({ length: width }, (_, column) => {
    const names = head.map((row) => row[column]?.text ?? '').filter((text) => text !== '');
    return [...new Set(names)].join(' ');
  });
}
