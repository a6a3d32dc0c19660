import { cleanText } from '../block-collector.ts';
import { maxSpannedCells, maxTableColumns } from '../limits.ts';
import { tooLarge } from '../refusals.ts';
import { readXml } from '../xml.ts';
import type { ZipArchive } from '../zip-archive.ts';
import type { NumberFormats } from './xlsx-number-format.ts';

export interface SheetSources {
  strings: readonly string[];
  formats: NumberFormats;
  /** Of all rows; checked while reading, since a sheet is held in memory as a whole. */
  maxCharacters: number;
}

/** Cell texts by column, counted from 0; rows without any text are left out. */
export interface SheetRow {
  /** As Excel counts, from 1. */
  number: number;
  cells: string[];
}

interface OpenCell {
  column: number;
  type: string;
  style: number;
  value: string;
}

export async function readSheet(
  archive: ZipArchive,
  part: string,
  sources: SheetSources,
): Promise<SheetRow[]> {
  const rows: SheetRow[] = [];
  const merged: string[] = [];
  let row: SheetRow = { number: 0, cells: [] };
  let cell: OpenCell | null = null;
  let reading = false;
  let phonetic = false;
  let characters = 0;
  await readXml(archive, part, {
    open(element) {
      if (element.name === 'row') {
        row = { number: Number(element.attribute('r')) || row.number + 1, cells: [] };
      } else if (element.name === 'c') {
        cell = {
          column: columnOf(element.attribute('r')) ?? row.cells.length,
          type: element.attribute('t') ?? 'n',
          style: Number(element.attribute('s') ?? 0),
          value: '',
        };
      } else if (element.name === 'rPh') phonetic = true;
      else if (element.name === 'v' || element.name === 't') reading = !phonetic;
      else if (element.name === 'mergeCell') merged.push(element.attribute('ref') ?? '');
    },
    close(name) {
      if (name === 'v' || name === 't') reading = false;
      else if (name === 'rPh') phonetic = false;
      else if (name === 'c' && cell !== null) {
        const text = cleanText(cellText(cell, sources)).replaceAll('\n', ' ');
        if (text !== '' && cell.column < maxTableColumns) setCell(row.cells, cell.column, text);
        characters += text.length;
        if (characters > sources.maxCharacters)
          throw tooLarge(`A sheet holds more than ${characters} characters.`);
        cell = null;
      } else if (name === 'row' && row.cells.length > 0) rows.push(row);
    },
    text(text) {
      if (reading && cell !== null) cell.value += text;
    },
  });
  repeatMerged(rows, merged);
  return rows;
}

function setCell(cells: string[], column: number, text: string): void {
  while (cells.length < column) cells.push('');
  cells[column] = text;
}

function cellText(cell: OpenCell, { strings, formats }: SheetSources): string {
  switch (cell.type) {
    case 's':
      return strings[Number(cell.value)] ?? '';
    case 'b':
      return cell.value === '1' ? 'TRUE' : cell.value === '' ? '' : 'FALSE';
    case 'e':
      return '';
    case 'str':
    case 'inlineStr':
      return cell.value;
    case 'd':
      return cell.value.replace(/T00:00:00(?:\.0+)?Z?$/u, '').replace('T', ' ');
    default:
      return cell.value.trim() === '' ? '' : formats.format(cell.value, cell.style);
  }
}

/** `BC12` → 54. */
function columnOf(reference: string | undefined): number | null {
  const letters = /^[A-Z]{1,3}/iu.exec(reference ?? '')?.[0];
  if (letters === undefined) return null;
  let column = 0;
  for (const letter of letters.toUpperCase()) column = column * 26 + (letter.charCodeAt(0) - 64);
  return column - 1;
}

/** A merged category cell says something about each row that it spans. */
function repeatMerged(rows: readonly SheetRow[], ranges: readonly string[]): void {
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  let filled = 0;
  for (const range of ranges) {
    const [start = '', end = ''] = range.split(':');
    const column = columnOf(start);
    const firstRow = Number(/\d+$/u.exec(start)?.[0]);
    const lastRow = Math.min(Number(/\d+$/u.exec(end)?.[0]), firstRow + maxSpannedCells);
    const text = column === null ? '' : (byNumber.get(firstRow)?.cells[column] ?? '');
    if (column === null || text === '' || columnOf(end) !== column) continue;
    for (let number = firstRow + 1; number <= lastRow && filled < maxSpannedCells; number++, filled++) {
      const row = byNumber.get(number);
      if (row !== undefined) setCell(row.cells, column, text);
    }
  }
}
