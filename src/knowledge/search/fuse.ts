/** Brings lexical and vector evidence into one order. */
import type { Chunk } from '../chunk/chunk.ts';
import type { SearchHit } from '../ports.ts';

/** Evidence for one chunk: `lexical` and `coverage` are 0 to 1; `similarity` is the cosine, or null without a vector. */
export interface Evidence {
  chunk: Chunk;
  lexical: number;
  coverage: number;
  similarity: number | null;
}

/** The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009). */
const RRF_K = 60;

/** A document's further hits give way, gently, so that several documents can be heard. */
const FREE_HITS_PER_DOCUMENT = 3;
const CROWDING_FACTOR = 0.93;

/** The best `limit` hits. By lexical score alone where no vector was given, else by reciprocal rank fusion. */
export function fuse(evidence: readonly Evidence[], limit: number): SearchHit[] {
  const hybrid = evidence.some(({ similarity }) => similarity !== null);
  const scores = hybrid ? fusedScores(evidence) : evidence.map(({ lexical }) => lexical);
  const hits = evidence
    .map(({ chunk, lexical, coverage, similarity }, index) => ({
      chunk,
      score: scores[index] as number,
      lexical,
      coverage,
      similarity,
    }))
    .filter(({ score }) => score > 0)
    .sort(byScore);
  return spreadOverDocuments(hits).slice(0, limit);
}

function fusedScores(evidence: readonly Evidence[]): number[] {
  const scores = evidence.map(() => 0);
  const lists = [(entry: Evidence) => entry.lexical, (entry: Evidence) => entry.similarity ?? 0];
  for (const strength of lists) {
    evidence
      .map((entry, index) => ({ index, value: strength(entry), chunk: entry.chunk }))
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value || compareChunks(a.chunk, b.chunk))
      .forEach(({ index }, rank) => {
        scores[index] = (scores[index] as number) + 1 / (RRF_K + rank + 1);
      });
  }
  const best = lists.length / (RRF_K + 1);
  return scores.map((score) => score / best);
}

function spreadOverDocuments(hits: readonly SearchHit[]): SearchHit[] {
  const seen = new Map<string, number>();
  return hits
    .map((hit) => {
      const before = seen.get(hit.chunk.documentId) ?? 0;
      seen.set(hit.chunk.documentId, before + 1);
      const excess = Math.max(0, before + 1 - FREE_HITS_PER_DOCUMENT);
      return excess === 0 ? hit : { ...hit, score: hit.score * CROWDING_FACTOR ** excess };
    })
    .sort(byScore);
}

function byScore(a: SearchHit, b: SearchHit): number {
  return b.score - a.score || compareChunks(a.chunk, b.chunk);
}

/** A total order, so that equal scores come out the same in every process. */
export function compareChunks(a: Chunk, b: Chunk): number {
  if (a.documentId !== b.documentId) return a.documentId < b.documentId ? -1 : 1;
  return a.ordinal - b.ordinal;
}
