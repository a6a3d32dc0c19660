import type { AnswerCitation } from '../contract/answer.ts';
import { citationsOf, parseCitations } from './citations.ts';
import type { Passage } from './ports.ts';

/** Everything a reader needs to open the sources of a finished answer, one entry for each mark in the text. */
export function answerCitations(text: string, passages: readonly Passage[]): AnswerCitation[] {
  const byNumber = new Map(passages.map((passage) => [passage.number, passage]));
  const marks = parseCitations(text, new Set(byNumber.keys()));
  const quotes = citationsOf(text, passages);
  return marks.flatMap((mark, position) => {
    const passage = byNumber.get(mark.passageNumber);
    const quoted = quotes[position];
    if (passage === undefined || quoted === undefined) return [];
    const { chunk } = passage;
    const quoteStart = chunk.start + Math.max(0, chunk.text.indexOf(quoted.quote));
    return [
      {
        index: mark.start,
        endIndex: mark.end,
        passageNumber: mark.passageNumber,
        chunkId: chunk.id,
        documentId: chunk.documentId,
        knowledgeBaseId: passage.knowledgeBaseId,
        filename: passage.filename,
        quote: quoted.quote,
        start: quoteStart,
        end: quoteStart + quoted.quote.length,
        headingPath: chunk.headingPath,
        page: chunk.page,
        article: chunk.article,
      },
    ];
  });
}
