import type { PdfLine } from './pdf-lines.ts';

/** Lines at either edge of a page that may be running heads or feet. */
const edgeLines = 3;
/** Part of the page, from either edge, in which they stand. */
const edgeZone = 0.14;
/** Even and odd pages may differ, and chapters may start without: a share well below one half. */
const repeatedShare = 0.3;
const fewestPages = 3;
/** With two pages, only what stands in the outermost margin is surely not content. */
const marginZone = 0.07;

const pageNumber =
  /^(?:[-–—·\s]*\d{1,4}[-–—·\s]*|第\s*\d+\s*页(?:[\s,，/]*共\s*\d+\s*页)?|page\s+\d+(?:\s*(?:of|\/)\s*\d+)?|\d+\s*\/\s*\d+|[ivxlc]{1,6})$/iu;

/** Removes running heads, feet and page numbers: they would cut sentences in two and drown out the content. */
export function withoutFurniture(pages: readonly PdfLine[][]): PdfLine[][] {
  const repeated = repeatedEdges(pages);
  return pages.map((lines) => {
    const edges = new Set(edgesOf(lines));
    return lines.filter((line) => {
      if (!edges.has(line)) return true;
      const number = pages.length > 1 && pageNumber.test(line.text.trim());
      return !number && !repeated.has(signature(line));
    });
  });
}

function repeatedEdges(pages: readonly PdfLine[][]): Set<string> {
  if (pages.length < 2) return new Set();
  const few = pages.length < fewestPages;
  const counts = new Map<string, number>();
  for (const lines of pages) {
    const edges = edgesOf(lines, few ? marginZone : edgeZone);
    for (const key of new Set(edges.map(signature))) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const needed = Math.max(few ? 2 : fewestPages, pages.length * repeatedShare);
  return new Set([...counts].filter(([, count]) => count >= needed).map(([key]) => key));
}

function edgesOf(lines: readonly PdfLine[], zone = edgeZone): PdfLine[] {
  const upper = lines.filter((line) => line.rows === null && line.top < line.pageHeight * zone);
  const lower = lines.filter((line) => line.rows === null && line.top > line.pageHeight * (1 - zone));
  const byTop = (a: PdfLine, b: PdfLine): number => a.top - b.top;
  return [...upper.sort(byTop).slice(0, edgeLines), ...lower.sort(byTop).slice(-edgeLines)];
}

/** The same words at the same height, whatever the page number in them. */
function signature(line: PdfLine): string {
  const words = line.text.replace(/\d+/gu, '#').replace(/\s+/gu, '');
  return `${words}@${Math.round(line.top / 6)}`;
}
