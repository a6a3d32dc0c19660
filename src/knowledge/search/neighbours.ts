import type { Evidence } from './fuse.ts';

/** How much of the score of the chunk before or after it a chunk is lent. */
const LENT_SHARE = 0.1;

/** A rule is often spread over adjoining articles or paragraphs: what stands beside a strong match gains a little. */
export function lendToNeighbours(evidence: readonly Evidence[]): Evidence[] {
  const scores = new Map<string, Map<number, number>>();
  for (const { chunk, lexical } of evidence) {
    const ofDocument = scores.get(chunk.documentId) ?? new Map<number, number>();
    ofDocument.set(chunk.ordinal, lexical);
    scores.set(chunk.documentId, ofDocument);
  }
  return evidence.map((entry) => {
    const { documentId, ordinal } = entry.chunk;
    const scoreAt = (position: number) => scores.get(documentId)?.get(position) ?? 0;
    const beside = Math.max(scoreAt(ordinal - 1), scoreAt(ordinal + 1));
    return { ...entry, lexical: (entry.lexical + LENT_SHARE * beside) / (1 + LENT_SHARE) };
  });
}
