import type { AnswerPassage } from '../contract/answer.ts';
import type { RetrievedHit } from '../knowledge/retrieve/retrieve.ts';
import { standingOf } from '../knowledge/retrieve/standing.ts';
import { estimateTokens } from '../knowledge/text/estimate-tokens.ts';
import type { Passage } from './ports.ts';

/** `today` is `YYYY-MM-DD`: what is in force is decided once, so that a takeover finds the same. */
export function toAnswerPassage(hit: RetrievedHit, number: number, today: string): AnswerPassage {
  const { chunk } = hit;
  const standing = standingOf(hit.attributes, today);
  return {
    number,
    chunkId: chunk.id,
    documentId: chunk.documentId,
    knowledgeBaseId: hit.knowledgeBaseId,
    filename: hit.filename,
    score: hit.score,
    ...(hit.coverage === undefined ? {} : { coverage: hit.coverage }),
    ...(hit.lexical === undefined ? {} : { lexical: hit.lexical }),
    ...(Object.keys(hit.attributes).length === 0 ? {} : { attributes: hit.attributes }),
    ...(standing === null ? {} : { standing }),
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
    ...(passage.lexical === undefined ? {} : { lexical: passage.lexical }),
    ...(passage.standing === undefined ? {} : { standing: passage.standing }),
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
