import { BudaoError } from '../contract/errors.ts';
import type { ChunkIndex } from '../knowledge/ports.ts';
import type { Dependency } from './dependency.ts';

/** What says nothing about the index's health. */
const REQUEST_FAULTS = new Set(['dimension_mismatch']);

export function speaksAgainstIndex(error: unknown): boolean {
  return !(error instanceof BudaoError) || !REQUEST_FAULTS.has(error.code);
}

/**
 * The search index behind its breaker. `assertPresent` tells an index that is gone from one that is empty: where a
 * folder was moved away, "nothing found" would be a lie. Long work of runs is neither timed nor counted among searches.
 */
export function guardIndex(
  index: ChunkIndex,
  dependency: Dependency,
  assertPresent: () => Promise<void> = async () => {},
): ChunkIndex {
  return {
    search: (knowledgeBaseId, generation, request) =>
      dependency.call(async () => {
        const hits = await index.search(knowledgeBaseId, generation, request);
        // Asked only where it makes a difference: a look at the folder is a good part of the time of a search.
        if (hits.length === 0) await assertPresent();
        return hits;
      }),
    async replaceDocuments(knowledgeBaseId, generation, documents) {
      await assertPresent();
      await index.replaceDocuments(knowledgeBaseId, generation, documents);
    },
    async removeDocuments(knowledgeBaseId, generation, documentIds) {
      await assertPresent();
      await index.removeDocuments(knowledgeBaseId, generation, documentIds);
    },
    async inventory(knowledgeBaseId, generation) {
      await assertPresent();
      return index.inventory(knowledgeBaseId, generation);
    },
    async optimize(knowledgeBaseId, generation) {
      await assertPresent();
      await index.optimize(knowledgeBaseId, generation);
    },
    async drop(knowledgeBaseId, generation) {
      await assertPresent();
      await index.drop(knowledgeBaseId, generation);
    },
    [Symbol.asyncDispose]: () => index[Symbol.asyncDispose](),
  };
}
