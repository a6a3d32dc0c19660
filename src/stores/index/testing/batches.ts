/** What the writer process writes and the checks expect: batches of documents that appear as one. */
import type { IndexedChunk } from '../../../knowledge/ports.ts';

export const KNOWLEDGE_BASE = 'kb';
export const GENERATION = { id: 'g1', dimension: null };
export const DOCUMENTS_PER_BATCH = 3;
export const CHUNKS_PER_DOCUMENT = 4;
/** Stands in every chunk. */
export const MARK = '共同标记';

export function batch(number: number, version: string): { documentId: string; chunks: IndexedChunk[] }[] {
  return Array.from({ length: DOCUMENTS_PER_BATCH }, (_, position) => {
    const documentId = `b${number}-d${position}`;
    return {
      documentId,
      chunks: Array.from({ length: CHUNKS_PER_DOCUMENT }, (_, ordinal) => {
        const text = `${MARK} ${version}`;
        const place = { headingPath: ['手册'], page: null, article: null, start: 0, end: text.length };
        return {
          id: `${documentId}#${ordinal}`,
          documentId,
          ordinal,
          text,
          ...place,
          tokens: text.length,
          vector: null,
        };
      }),
    };
  });
}
