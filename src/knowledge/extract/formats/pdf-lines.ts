import type { PDFPageProxy } from 'pdfjs-dist';
import type { TextItem } from 'pdfjs-dist/types/src/display/api.d.ts';
import { isWide } from '../join-lines.ts';

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
}

type Matrix = readonly [number, number, number, number, number, number];

/** Gap, in font sizes, from which two pieces on one line are columns rather than words. */
const columnGap = 1.2;
/** Width, in font sizes, of the narrowest blank that was meant between two words. */
const wordGap = 0.12;
const wideWordGap = 0.2;

export async function readPageLines(page: PDFPageProxy, number: number): Promise<PdfLine[]> {
  const viewport = page.getViewport({ scale: 1 });
  const content = await page.getTextContent();
  const pieces: Piece[] = [];
  for (const item of content.items) {
    if (!('str' in item) || item.str.trim() === '') continue;
    const piece = pieceOf(item, viewport.transform as unknown as Matrix);
    if (piece !== null) pieces.push(piece);
  }
  return linesOf(pieces).map((line) => toLine(line, number, viewport.height));
}

function pieceOf(item: TextItem, viewport: Matrix): Piece | null {
  const matrix = multiply(viewport, item.transform as unknown as Matrix);
  const fontSize = Math.hypot(matrix[2], matrix[3]) || item.height;
  const angle = Math.abs((Math.atan2(matrix[1], matrix[0]) * 180) / Math.PI);
  // Slanted text is a watermark; upright and sideways text is content.
  if (angle > 10 && Math.abs(angle - 90) > 10 && angle < 170) return null;
  const left = matrix[4];
  return { text: item.str, left, right: left + item.width, top: matrix[5], fontSize };
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
    .replace(/(\S+) +(?=(\S))/gu, (match, before: string, after: string) =>
      isWide(before.at(-1) ?? '') && isWide(after) && !/^第\S+[编章节条款]$/u.test(before) ? before : match,
    )
    .trim();
}
