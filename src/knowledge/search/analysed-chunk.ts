import type { Chunk } from '../chunk/chunk.ts';
import type { IndexedChunk } from '../ports.ts';
import { normalise } from '../text/normalise.ts';
import { tokenise } from '../text/tokenise.ts';

/** A chunk with the terms of its text and of its headings, as the index keeps it. */
export interface AnalysedChunk {
  chunk: Chunk;
  vector: ArrayLike<number> | null;
  textTerms: string[];
  headingTerms: string[];
}

export function analyseChunk({ vector, ...chunk }: IndexedChunk): AnalysedChunk {
  return {
    chunk,
    vector,
    textTerms: tokenise(normalise(chunk.text)),
    headingTerms: tokenise(normalise(chunk.headingPath.join('\n'))),
  };
}
