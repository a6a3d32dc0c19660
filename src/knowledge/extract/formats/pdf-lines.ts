import type { PDFPageProxy } from 'pdfjs-dist';
import type { TextItem, TextMarkedContent } from 'pdfjs-dist/types/src/display/api.d.ts';
import { isWide, joinLines } from '../join-lines.ts';
import type { TableCell, TableRow } from '../table-rows.ts';
import { type PageTags, readPageTags, type TaggedTable } from './pdf-tags.ts';

/** A line of text on a page; lengths in points, `top` counted downwards from the page's upper edge. */
export interface PdfLine {
  text: string;
  page: number;
  left: number;
  right: number;
  /** Of the baseline. */
  top: number;
  fontSize: number;
  pageHeight: number;
  /** Parts divided by wide gaps, as in tables; one for running text. */
  cells: PdfCell[];
  /** From the tags of the PDF, where it has them. */
  headingLevel: number | null;
  /** Of a whole tagged table, which stands here as one line. */
  rows: TableRow[] | null;
}

export interface PdfCell {
  text: string;
  left: number;
}

interface Piece {
  text: string;
  left: number;
  right: number;
  top: number;
  fontSize: number;
  headingLevel: number | null;
}

type Matrix = readonly [number, number, number, number, number, number];

/** Gap, in font sizes, from which two pieces on one line are columns rather than words. */
const columnGap = 1.2;
/** Width, in font sizes, of the narrowest blank that was meant between two words. */
const wordGap = 0.12;
const wideWordGap = 0.2;

export async function readPageLines(page: PDFPageProxy, number: number): Promise<PdfLine[]> {
  const viewport = page.getViewport({ scale: 1 });
  const tags = await readPageTags(page);
  const { items } = await page.getTextContent({ includeMarkedContent: tags !== null });
  const assemble = (usedTags: PageTags | null): PdfLine[] => {
    const assembler = new LineAssembler(number, viewport.height, usedTags);
    for (const item of items) assembler.take(item, viewport.transform as unknown as Matrix);
    return assembler.finish();
  };
  const lines = assemble(tags);
  // Some programs mark everything as decoration.
  return lines.length === 0 && tags !== null ? assemble(null) : lines;
}

/** Turns the items of a page into lines, in the order of the file; tagged tables are put together cell by cell. */
class LineAssembler {
  readonly #page: number;
  readonly #pageHeight: number;
  readonly #tags: PageTags | null;
  readonly #lines: PdfLine[] = [];
  readonly #tables = new Map<TaggedTable, PdfLine>();
  readonly #cells = new Map<TableCell, Piece[]>();
  readonly #marks: (string | null)[] = [];
  #artifactDepth = 0;
  #run: Piece[] = [];

  constructor(page: number, pageHeight: number, tags: PageTags | null) {
    this.#page = page;
    this.#pageHeight = pageHeight;
    this.#tags = tags;
  }

  take(item: TextItem | TextMarkedContent, viewport: Matrix): void {
    if (!('str' in item)) {
      this.#takeMark(item);
      return;
    }
    if (this.#artifactDepth > 0 || item.str.trim() === '') return;
    const id = this.#marks.findLast((mark) => mark !== null) ?? '';
    const piece = pieceOf(item, viewport, this.#tags?.headingLevels.get(id) ?? null);
    if (piece === null) return;
    const place = this.#tags?.cells.get(id);
    if (place === undefined) this.#run.push(piece);
    else this.#takeCell(place.table, place.cell, piece);
  }

  finish(): PdfLine[] {
    this.#endRun();
    for (const [cell, pieces] of this.#cells) {
      cell.text = linesOf(pieces)
        .map((line) => toLine(line, this.#page, this.#pageHeight).text)
        .reduce(joinLines, '');
    }
    for (const [table, line] of this.#tables) {
      line.text = table.rows.flatMap((row) => row.cells.map((cell) => cell.text)).join(' ');
    }
    return this.#lines;
  }

  #takeMark(mark: TextMarkedContent): void {
    if (mark.type === 'endMarkedContent') {
      this.#marks.pop();
      if (this.#marks.length < this.#artifactDepth) this.#artifactDepth = 0;
      return;
    }
    this.#marks.push(mark.type === 'beginMarkedContentProps' ? (mark.id ?? null) : null);
    // Running heads, page numbers and ornaments of a tagged PDF.
    // The package's types leave the tag out.
    const artifact = this.#tags !== null && (mark as { tag?: string }).tag === 'Artifact';
    if (artifact && this.#artifactDepth === 0) this.#artifactDepth = this.#marks.length;
  }

  #takeCell(table: TaggedTable, cell: TableCell, piece: Piece): void {
    if (!this.#tables.has(table)) {
      this.#endRun();
      const line = { ...toLine([piece], this.#page, this.#pageHeight), cells: [], rows: table.rows };
      this.#tables.set(table, line);
      this.#lines.push(line);
    }
    const pieces = this.#cells.get(cell);
    if (pieces === undefined) this.#cells.set(cell, [piece]);
    else pieces.push(piece);
  }

  #endRun(): void {
    for (const line of linesOf(this.#run)) this.#lines.push(toLine(line, this.#page, this.#pageHeight));
    this.#run = [];
  }
}

function pieceOf(item: TextItem, viewport: Matrix, headingLevel: number | null): Piece | null {
  const matrix = multiply(viewport, item.transform as unknown as Matrix);
  const fontSize = Math.hypot(matrix[2], matrix[3]) || item.height;
  const angle = Math.abs((Math.atan2(matrix[1], matrix[0]) * 180) / Math.PI);
  // Slanted text is a watermark; upright and sideways text is content.
  if (angle > 10 && Math.abs(angle - 90) > 10 && angle < 170) return null;
  const left = matrix[4];
  return { text: item.str, left, right: left + item.width, top: matrix[5], fontSize, headingLevel };
}

function multiply(a: Matrix, b: Matrix): Matrix {
  return [
    a[0] * b[0] + a[2] * b[1],
    a[1] * b[0] + a[3] * b[1],
    a[0] * b[2] + a[2] * b[3],
    a[1] * b[2] + a[3] * b[3],
    a[0] * b[4] + a[2] * b[5] + a[4],
    a[1] * b[4] + a[3] * b[5] + a[5],
  ];
}

/** Pieces in the order of the file, which follows columns; a new line begins where the baseline moves or x goes back. */
function linesOf(pieces: readonly Piece[]): Piece[][] {
  const lines: Piece[][] = [];
  for (const piece of pieces) {
    const line = lines.at(-1);
    const last = line?.at(-1);
    if (line !== undefined && last !== undefined && continues(last, piece)) line.push(piece);
    else lines.push([piece]);
  }
  return lines;
}

function continues(last: Piece, next: Piece): boolean {
  if (last.headingLevel !== next.headingLevel) return false;
  const size = Math.max(last.fontSize, next.fontSize);
  return Math.abs(last.top - next.top) < size * 0.45 && next.left > last.right - size;
}

function toLine(pieces: readonly Piece[], page: number, pageHeight: number): PdfLine {
  const cells: PdfCell[] = [];
  let previous: Piece | undefined;
  for (const piece of pieces) {
    const gap = previous === undefined ? Infinity : piece.left - previous.right;
    const cell = cells.at(-1);
    if (cell === undefined || gap > piece.fontSize * columnGap) {
      cells.push({ text: piece.text.trim(), left: piece.left });
    } else cell.text = appendWord(cell.text, piece.text, gap / piece.fontSize);
    previous = piece;
  }
  for (const cell of cells) cell.text = withoutInnerBlanks(cell.text);
  const main = pieces.reduce((a, b) => (b.text.length > a.text.length ? b : a));
  return {
    text: cells.map((cell) => cell.text).join('  '),
    page,
    left: pieces[0]?.left ?? 0,
    right: Math.max(...pieces.map((piece) => piece.right)),
    top: main.top,
    fontSize: main.fontSize,
    pageHeight,
    cells,
    headingLevel: main.headingLevel,
    rows: null,
  };
}

function appendWord(before: string, text: string, gapInFontSizes: number): string {
  const wide = isWide(before.at(-1) ?? '') && isWide(text.charAt(0));
  const gapMeant = gapInFontSizes > (wide ? wideWordGap : wordGap);
  if (!gapMeant && !/^\s/u.test(text) && !/\s$/u.test(before)) return before + text;
  return `${before.trimEnd()} ${text.trimStart()}`;
}

/** Spread-out and justified Chinese comes with blanks that nobody typed; a few in a line were meant: 第一章 总则. */
function withoutInnerBlanks(text: string): string {
  const blanks = text.match(/\p{Script=Han} +(?=\p{Script=Han})/gu)?.length ?? 0;
  const characters = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  if (blanks < 3 || blanks < characters * 0.12) return text.trim();
  return text
    .replace(/(?<!\S)(\S+) +(?=(\S))/gu, (match, before: string, after: string) =>
      isWide(before.at(-1) ?? '') && isWide(after) && !/^第\S+[编章节条款]$/u.test(before) ? before : match,
    )
    .trim();
}
