import { displayWidth, fitToWidth, padToWidth } from './display-width.ts';
import { oneLine } from './one-line.ts';

const GAP = '  ';
const MIN_CUT_COLUMNS = 12;

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** Gives way when a row would be wider than the terminal. */
  mayCut?: boolean;
}

/** A table in as many columns as the terminal has; null columns for output that nobody watches. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { columns: number | null; styleTitle?: (title: string) => string },
): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  if (options.columns !== null) giveWay(columns, widths, options.columns);
  const style = options.styleTitle ?? ((title: string) => title);
  const line = (row: readonly string[]): string =>
    row.map((cell, index) => place(cell, columns[index], widths[index] ?? 0)).join(GAP);
  const lines = [style(line(columns.map((column) => column.title))), ...cells.map(line)];
  return lines.map((text) => `${text.trimEnd()}\n`).join('');
}

function giveWay(columns: readonly Column[], widths: number[], available: number): void {
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  let excess = total - available;
  const cuttable = columns.flatMap((column, index) => (column.mayCut === true ? [index] : []));
  while (excess > 0 && cuttable.length > 0) {
    const widest = cuttable.reduce((a, b) => ((widths[a] ?? 0) >= (widths[b] ?? 0) ? a : b));
    const width = widths[widest] ?? 0;
    if (width <= MIN_CUT_COLUMNS) return;
    widths[widest] = width - 1;
    excess--;
  }
}

function place(cell: string, column: Column | undefined, width: number): string {
  const fitted = fitToWidth(cell, width);
  return column?.align === 'right'
    ? ' '.repeat(Math.max(0, width - displayWidth(fitted))) + fitted
    : padToWidth(fitted, width);
}
