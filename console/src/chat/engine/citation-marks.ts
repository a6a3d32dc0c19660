import type { Citation } from '../../api/types.ts';

/** A source under an answer, by the number that its marks carry. */
export interface Source {
  number: number;
  citation: Citation;
}

export type MarkedPiece = { kind: 'text'; text: string } | { kind: 'mark'; number: number };

const markPattern = /\[(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\]|【(\d{1,3})】/g;

/** Splits plain text at its citation marks: `[1]`, `[1][2]`, `[1, 2]` and `【1】`. Others, like `[2024]`, stay text. */
export function splitMarks(text: string, isSource: (number: number) => boolean): MarkedPiece[] {
  const pieces: MarkedPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(markPattern)) {
    const numbers = (match[1] ?? match[2] ?? '').split(/[,，、]/).map((part) => Number(part.trim()));
    if (!numbers.every(isSource)) continue;
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) });
    for (const number of numbers) pieces.push({ kind: 'mark', number });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}

/** Numbers the citations as their marks in the text do; where no mark is found, in the order of appearance. */
export function sourcesOf(text: string, citations: readonly Citation[]): Source[] {
  const byNumber = new Map<number, Citation>();
  const unmarked: Citation[] = [];
  for (const citation of citations) {
    const number = markedNumber(text, citation);
    if (number === null) unmarked.push(citation);
    else if (!byNumber.has(number)) byNumber.set(number, citation);
  }
  for (const citation of unmarked) {
    const isListed = [...byNumber.values()].some((other) => passageKey(other) === passageKey(citation));
    if (!isListed) byNumber.set(firstFree(byNumber), citation);
  }
  return [...byNumber]
    .map(([number, citation]) => ({ number, citation }))
    .toSorted((a, b) => a.number - b.number);
}

/** Keeps Markdown from reading a mark at the start of a line as a link definition, which would vanish. */
export function guardMarks(text: string): string {
  return text.replaceAll(/^([ \t]*\[\d{1,3}\]):/gm, '$1\\:');
}

function markedNumber(text: string, citation: Citation): number | null {
  const start = citation.start_index ?? citation.index;
  const end = citation.end_index ?? start + 5;
  const mark = /^[[【](\d{1,3})[\]】,，、]?/.exec(text.slice(start, Math.max(end, start + 3)));
  return mark === null ? null : Number(mark[1]);
}

function passageKey(citation: Citation): string {
  return citation.chunk_id ?? `${citation.file_id}:${citation.quote ?? ''}`;
}

function firstFree(taken: ReadonlyMap<number, unknown>): number {
  let number = 1;
  while (taken.has(number)) number += 1;
  return number;
}
