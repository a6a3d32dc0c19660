import type { ChunkIndex, IndexGeneration, SearchHit, SearchRequest } from '../ports.ts';
import { fuse } from './fuse.ts';

/** A knowledge base with the generation that is in force for it. */
export interface SearchTarget {
  knowledgeBaseId: string;
  generation: IndexGeneration;
  /** The query's vector is of another embedder than this one's. */
  lexicalOnly?: boolean;
}

/** A hit that says which knowledge base it comes from. */
export interface SearcherHit extends SearchHit {
  knowledgeBaseId: string;
}

export interface Searcher {
  /** The best hits over all targets. A query vector goes only to generations of its length. */
  search(targets: readonly SearchTarget[], request: SearchRequest): Promise<SearcherHit[]>;
  /** Loads dictionaries and tables, so that the first question does not wait for them. */
  warm(targets: readonly SearchTarget[]): Promise<void>;
}

/** Traditional characters, a synonym and an English term: touches every dictionary. */
const WARM_UP_QUERY = '員工年假 leave';

export function createSearcher({ index }: { index: ChunkIndex }): Searcher {
  const searcher: Searcher = {
    async search(targets, request) {
      const lists = await Promise.all(
        targets.map(async ({ knowledgeBaseId, generation, lexicalOnly = false }) => {
          const fits = !lexicalOnly && request.vector?.length === generation.dimension;
          const vector = fits ? request.vector : null;
          const hits = await index.search(knowledgeBaseId, generation, { ...request, vector });
          return hits.map((hit) => ({ ...hit, knowledgeBaseId }));
        }),
      );
      return lists.length === 1 ? (lists[0] as SearcherHit[]) : merge(lists.flat(), request.limit);
    },
    async warm(targets) {
      await searcher.search(targets, { query: WARM_UP_QUERY, vector: null, limit: 1, documentIds: null });
    },
  };
  return searcher;
}

/**
 * Ranks of one table say nothing about another's, so the evidence is weighed again over all of them. A document that
 * is in several knowledge bases counts once.
 */
function merge(hits: readonly SearcherHit[], limit: number): SearcherHit[] {
  const origins = new Map<string, SearcherHit>();
  for (const hit of hits) {
    const known = origins.get(hit.chunk.id);
    if (known === undefined || (known.lexical ?? 0) < (hit.lexical ?? 0)) origins.set(hit.chunk.id, hit);
  }
  const evidence = [...origins.values()].map(({ chunk, lexical = 0, coverage = 0, similarity = null }) => ({
    chunk,
    lexical,
    coverage,
    similarity,
  }));
  return fuse(evidence, limit).map((hit) => ({
    ...hit,
    knowledgeBaseId: (origins.get(hit.chunk.id) as SearcherHit).knowledgeBaseId,
  }));
}
