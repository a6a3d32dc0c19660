import type { BlockCollector } from '../block-collector.ts';
import { isWide, joinLines } from '../join-lines.ts';
import { looksLikeHeader, rowText, tableRowTexts } from '../table-rows.ts';
import type { PdfLine } from './pdf-lines.ts';

const sentenceEnd = /[。！？；.!?;:：…」』”"]$/u;
const listMarker =
  /^(?:[-–•·●○▪■◆➢✓*]\s*(?=\S)|\(?\d{1,3}[.)、．](?!\d)\s*|[（(](?:[一二三四五六七八九十]+|\d{1,2})[）)]|[①-⑳])/u;
const numberedPart =
  /^(?:第[零〇一二三四五六七八九十百千\d]+[条章节编款项]|[一二三四五六七八九十]+、|\d+(?:\.\d+)+\s)/u;
/** Fills a line of a table of contents. */
const dotLeader = /(?:\s*[.·…]){4,}\s*/u;
/** Larger than the body by this much is a heading. */
const headingScale = 1.15;
const longestHeading = 120;
const fewestTableRows = 2;
/** A sentence goes on overleaf only from the lower part of a page: what ends above was meant to end. */
const footZone = 0.6;
/** Lines before and after that show where a column ends: about a page. */
const neighbours = 60;
/** A size that this share of the text has is no heading size, however large. */
const mostHeadingText = 0.25;

type PdfBlock = { kind: 'heading' | 'paragraph' | 'list-item'; lines: PdfLine[]; text: string };

/** Joins lines into headings, paragraphs, list items and table rows, across page ends where a sentence goes on. */
export function addPdfBlocks(pages: readonly PdfLine[][], out: BlockCollector): void {
  const lines = pages.flat();
  const tagged = lines.some((line) => line.headingLevel !== null);
  const levels = tagged ? new Map<number, number>() : headingLevels(lines);
  const spacing = usualSpacing(lines);
  let current: PdfBlock | null = null;
  const flush = (): void => {
    const first = current?.lines[0];
    if (current !== null && first !== undefined) {
      const level = first.headingLevel ?? levels.get(sizeOf(first));
      out.add(current.kind, current.text.replace(dotLeader, ' … '), { page: first.page, level });
    }
    current = null;
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as PdfLine;
    if (line.rows !== null) {
      flush();
      addTaggedTable(line, lines[index - 1], out);
      continue;
    }
    const table = tableAt(lines, index);
    if (table.length > 0) {
      flush();
      addTable(table, out);
      index += table.length - 1;
      continue;
    }
    const open: PdfBlock | null = current;
    const column = columnEdges(lines, index);
    if (open !== null && goesOn(open, line, spacing, column)) {
      open.lines.push(line);
      open.text = joinLines(open.text, line.text);
    } else {
      flush();
      current = { kind: kindOf(line, levels), lines: [line], text: line.text };
    }
  }
  flush();
}

function kindOf(line: PdfLine, levels: ReadonlyMap<number, number>): PdfBlock['kind'] {
  if (line.headingLevel !== null) return 'heading';
  const short = line.text.length <= longestHeading && !/[。；;，,、]$/u.test(line.text);
  if (short && levels.has(sizeOf(line)) && !dotLeader.test(line.text)) return 'heading';
  return listMarker.test(line.text) ? 'list-item' : 'paragraph';
}

function goesOn(
  block: PdfBlock,
  line: PdfLine,
  spacing: number,
  column: { left: number; right: number },
): boolean {
  const last = block.lines.at(-1) as PdfLine;
  if (last.headingLevel !== line.headingLevel) return false;
  if (Math.abs(last.fontSize - line.fontSize) > last.fontSize * 0.08) return false;
  if (listMarker.test(line.text) || numberedPart.test(line.text)) return false;
  const em = line.fontSize;
  const ended = sentenceEnd.test(last.text);
  if (last.page !== line.page) {
    const atFoot = last.top > last.pageHeight * footZone;
    return block.kind !== 'heading' && atFoot && !ended && isFull(last, line, column.right);
  }
  const gap = line.top - last.top;
  if (block.kind === 'heading') return gap > 0 && gap < em * 1.9 && block.text.length < longestHeading;
  // A column that goes on at the top of the next one.
  if (gap < 0) return !ended;
  if (gap > Math.max(spacing * 1.35, em * 1.15)) return false;
  if (!isFull(last, line, column.right)) return false;
  if (block.kind === 'list-item' || line.left <= column.left + 1.2 * em) return true;
  // Indented: the first line of the next paragraph, unless everything here is set in.
  return last.left > column.left + 1.2 * em && !ended;
}

/** Whether the next line's first word had no room on this one. */
function isFull(last: PdfLine, next: PdfLine, columnRight: number): boolean {
  const word = /^[^\s\p{Script=Han}]+|^\p{Script=Han}[，。；：、）”]?/u.exec(next.text)?.[0] ?? '';
  const share = displayWidth(word) / Math.max(1, displayWidth(next.text));
  const wordWidth = share * (next.right - next.left);
  return last.right + wordWidth + 1.5 * last.fontSize > columnRight;
}

/** Edges of the text around a line, as its neighbours of the same size on the same page show them. */
function columnEdges(lines: readonly PdfLine[], index: number): { left: number; right: number } {
  const line = lines[index] as PdfLine;
  const previous = lines[index - 1] ?? line;
  let left = previous.left;
  let right = previous.right;
  for (
    let near = Math.max(0, index - neighbours);
    near < Math.min(lines.length, index + neighbours);
    near++
  ) {
    const other = lines[near] as PdfLine;
    const overlaps = other.left < previous.right && other.right > previous.left;
    if (
      other.rows !== null ||
      other.page !== previous.page ||
      !overlaps ||
      sizeOf(other) !== sizeOf(previous)
    )
      continue;
    left = Math.min(left, other.left);
    right = Math.max(right, other.right);
  }
  return { left, right };
}

/** A table that goes on overleaf keeps its column names. */
function addTaggedTable(line: PdfLine, before: PdfLine | undefined, out: BlockCollector): void {
  const rows = line.rows ?? [];
  const head = before?.page === line.page - 1 ? (before.rows?.[0] ?? null) : null;
  const goesOn =
    head !== null &&
    head.cells.length === rows[0]?.cells.length &&
    !rows[0].cells.some((cell) => cell.header) &&
    rows[0].cells.some((cell, column) => cell.text !== head.cells[column]?.text);
  const texts = tableRowTexts(goesOn ? [head, ...rows] : rows);
  for (const text of texts) out.add('table-row', text, { page: line.page });
}

/** Lines from here on that divide into the same number of columns. */
function tableAt(lines: readonly PdfLine[], index: number): PdfLine[] {
  const first = lines[index] as PdfLine;
  const width = first.cells.length;
  if (width < 2) return [];
  let end = index + 1;
  while (end < lines.length && lines[end]?.cells.length === width && lines[end]?.page === first.page) end++;
  const rows = lines.slice(index, end);
  return rows.length >= fewestTableRows ? rows : [];
}

function addTable(rows: readonly PdfLine[], out: BlockCollector): void {
  const head = (rows[0] as PdfLine).cells.map((cell) => cell.text);
  const aligned = rows.length > 2 || head.length > 2;
  const headers = aligned && looksLikeHeader(head) ? head : [];
  for (const row of headers.length > 0 ? rows.slice(1) : rows) {
    out.add('table-row', rowText(row.cells, headers), { page: row.page });
  }
}

function charactersBySize(lines: readonly PdfLine[]): Map<number, number> {
  const characters = new Map<number, number>();
  for (const line of lines) {
    characters.set(sizeOf(line), (characters.get(sizeOf(line)) ?? 0) + line.text.length);
  }
  return characters;
}

/** Sizes above the body's, largest first, as heading levels. */
function headingLevels(lines: readonly PdfLine[]): Map<number, number> {
  const characters = charactersBySize(lines);
  const bodySize = [...characters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 10;
  const total = [...characters.values()].reduce((sum, count) => sum + count, 0);
  const sizes = [...characters]
    .filter(
      ([size, count]) => size >= bodySize * headingScale && count < Math.max(200, total * mostHeadingText),
    )
    .map(([size]) => size);
  return new Map(sizes.sort((a, b) => b - a).map((size, index) => [size, Math.min(6, index + 1)]));
}

/** The usual distance of two baselines. */
function usualSpacing(lines: readonly PdfLine[]): number {
  const gaps = new Map<number, number>();
  lines.forEach((line, index) => {
    const next = lines[index + 1];
    const gap = next?.page === line.page ? Math.round((next.top - line.top) * 2) / 2 : 0;
    if (gap > 2 && gap < line.fontSize * 4) gaps.set(gap, (gaps.get(gap) ?? 0) + 1);
  });
  return [...gaps].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 14;
}

function sizeOf(line: PdfLine): number {
  return Math.round(line.fontSize * 2) / 2;
}

/** Width in half ems, Chinese characters taking two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character) ? 2 : 1;
  return width;
}
