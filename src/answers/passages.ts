import type { AnswerPassage } from '../contract/answer.ts';
import type { RetrievedHit } from '../knowledge/retrieve/retrieve.ts';
import { estimateTokens } from '../knowledge/text/estimate-tokens.ts';
import type { Passage } from './ports.ts';

export function toAnswerPassage(hit: RetrievedHit, number: number): AnswerPassage {
  const { chunk } = hit;
  return {
    number,
    chunkId: chunk.id,
    documentId: chunk.documentId,
    knowledgeBaseId: hit.knowledgeBaseId,
    filename: hit.filename,
    score: hit.score,
    ...(hit.coverage === undefined ? {} : { coverage: hit.coverage }),
    text: chunk.text,
    headingPath: chunk.headingPath,
    page: chunk.page,
    article: chunk.article,
    start: chunk.start,
    end: chunk.end,
  };
}

export function fromAnswerPassage(passage: AnswerPassage): Passage {
  return {
    number: passage.number,
    filename: passage.filename,
    knowledgeBaseId: passage.knowledgeBaseId,
    score: passage.score,
    ...(passage.coverage === undefined ? {} : { coverage: passage.coverage }),
    chunk: {
      id: passage.chunkId,
      documentId: passage.documentId,
      ordinal: Number(passage.chunkId.slice(passage.chunkId.lastIndexOf('#') + 1)),
      text: passage.text,
      headingPath: passage.headingPath,
      page: passage.page,
      article: passage.article,
      start: passage.start,
      end: passage.end,
      tokens: estimateTokens(passage.text),
    },
  };
}
