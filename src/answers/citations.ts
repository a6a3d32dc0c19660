// Citation marks in answers: [1], [1][2], [1,2], [1-3], 【1】, ［１］. Both generators write them, and one parser reads them.

import { normalise } from '../knowledge/text/normalise.ts';
import { sentenceRanges } from '../knowledge/text/sentences.ts';
import { tokenise } from '../knowledge/text/tokenise.ts';
import type { ExtractiveAnswer, Passage } from './ports.ts';

/** One cited number; `[1,2]` gives two marks with the same place. */
export interface CitationMark {
  start: number;
  end: number;
  passageNumber: number;
}

/** What a reader needs to open the source; `index` is where the mark stands in the answer. */
export interface Citation {
  index: number;
  chunkId: string;
  documentId: string;
  filename: string;
  /** The passage's own words that the mark stands for, verbatim. */
  quote: string;
}

const MARK = /[[［【]\s*[\d０-９]{1,3}(?:\s*[,，、;；\-–~～]\s*[\d０-９]{1,3})*\s*[\]］】](?!\()/gu;
const MAX_MARK_CHARS = 40;
const MAX_RANGE = 20;
const MAX_QUOTE_CHARS = 300;
/** Share of a sentence's words from which the statement counts as repeating it. */
const REPEATED_SHARE = 0.9;
/** How far back from a mark its statement is looked for. */
const MAX_STATEMENT_CHARS = 2_000;

/** Marks of a finished text, in order; numbers that no passage has are dropped. */
export function parseCitations(text: string, passageNumbers: ReadonlySet<number>): CitationMark[] {
  const marks: CitationMark[] = [];
  for (const match of text.matchAll(MARK)) {
    if (match[0].length > MAX_MARK_CHARS) continue;
    for (const passageNumber of numbersIn(match[0])) {
      if (!passageNumbers.has(passageNumber)) continue;
      marks.push({ start: match.index, end: match.index + match[0].length, passageNumber });
    }
  }
  return marks;
}

function numbersIn(mark: string): number[] {
  const body = mark
    .normalize('NFKC')
    .replace(/[[\]【】\s]/gu, '')
    .replace(/[、;]/gu, ',')
    .replace(/[–~]/gu, '-');
  const numbers = body.split(',').flatMap((part) => {
    const [first, last] = part.split('-').map(Number) as [number, number | undefined];
    if (last === undefined || last <= first || last - first > MAX_RANGE) return [first];
    return Array.from({ length: last - first + 1 }, (_, step) => first + step);
  });
  return [...new Set(numbers)];
}

/** The citations of an answer, one for each mark, each with the words of the passage that it rests on. */
export function citationsOf(text: string, passages: readonly Passage[]): Citation[] {
  const byNumber = new Map(passages.map((passage) => [passage.number, passage]));
  return parseCitations(text, new Set(byNumber.keys())).map(({ start, passageNumber }) => {
    const passage = byNumber.get(passageNumber) as Passage;
    const { id, documentId } = passage.chunk;
    const quote = quoteFor(statementBefore(text, start), passage.chunk.text);
    return { index: start, chunkId: id, documentId, filename: passage.filename, quote };
  });
}

/** An extractive answer as pieces to stream, a sentence each, with its marks. */
export function renderExtractive(answer: ExtractiveAnswer): string[] {
  return answer.sentences.map(({ text, citations }, at) => {
    // A bracketed number of the source itself would read as a citation.
    const own = withoutMarks(text);
    const marks = citations.map((number) => `[${number}]`).join('');
    return `${at === 0 ? '' : '\n\n'}${own}${marks === '' ? '' : ` ${marks}`}`;
  });
}

/** Until none is left: taking the inner mark out of `[[1]2]` leaves one that was not there. */
function withoutMarks(text: string): string {
  let before = text;
  let left = text.replace(MARK, '');
  while (left !== before) [before, left] = [left, left.replace(MARK, '')];
  return left;
}

/** What a mark closes: the text since the mark before it, within its paragraph. Marks side by side share it. */
function statementBefore(text: string, markStart: number): string {
  const before = text.slice(Math.max(0, markStart - MAX_STATEMENT_CHARS), markStart);
  const statements = before.split(MARK).map((statement) => statement.trim());
  const last = statements.findLast((statement) => statement !== '') ?? '';
  return last.slice(last.lastIndexOf('\n\n') + 1);
}

/** The sentence of the passage that shares most words with the statement, and its neighbours that it repeats too. */
function quoteFor(statement: string, passageText: string): string {
  const wanted = new Set(tokenise(normalise(statement)));
  const sentences = sentenceRanges(passageText).map(({ start, end }) => {
    const terms = new Set(tokenise(normalise(passageText.slice(start, end))));
    const shared = [...terms].filter((term) => wanted.has(term)).length;
    return { start, end, strength: shared / Math.sqrt(terms.size || 1), share: shared / (terms.size || 1) };
  });
  let first = 0;
  sentences.forEach(({ strength }, at) => {
    if (strength > (sentences[first]?.strength ?? 0)) first = at;
  });
  let last = first;
  const fits = (from: number, to: number, added: number) =>
    (sentences[added]?.share ?? 0) >= REPEATED_SHARE &&
    (sentences[to]?.end ?? 0) - (sentences[from]?.start ?? 0) <= MAX_QUOTE_CHARS;
  while (fits(first, last + 1, last + 1)) last += 1;
  while (fits(first - 1, last, first - 1)) first -= 1;
  const quote = passageText.slice(sentences[first]?.start ?? 0, sentences[last]?.end ?? 0).trim();
  return quote.slice(0, MAX_QUOTE_CHARS);
}
