import type { BlockCollector } from '../block-collector.ts';
import { looksLikeHeader, rowText } from '../table-rows.ts';
import type { SheetRow } from './xlsx-sheet.ts';

/** Rows in which a header is looked for; titles and notes stand above it. */
const headerSearchRows = 15;

export function addSheetBlocks(
  rows: readonly SheetRow[],
  out: BlockCollector,
  place: { page: number; section: string },
): void {
  const headerIndex = findHeader(rows);
  const headers = rows[headerIndex]?.cells ?? [];
  rows.forEach((row, index) => {
    if (index === headerIndex && rows.length > headerIndex + 1) return;
    const filled = row.cells.filter((text) => text !== '');
    const note = filled.length === 1 && (index < headerIndex || headerIndex < 0);
    const cells = row.cells.map((text) => ({ text }));
    out.add(note ? 'paragraph' : 'table-row', rowText(cells, index > headerIndex ? headers : []), place);
  });
}

/** The first row of several short texts, if rows before it hold no more than a title or a note. */
function findHeader(rows: readonly SheetRow[]): number {
  for (let index = 0; index < Math.min(rows.length, headerSearchRows); index++) {
    const filled = (rows[index]?.cells ?? []).filter((text) => text !== '');
    if (filled.length > 1) return looksLikeHeader(filled) ? index : -1;
  }
  return -1;
}
