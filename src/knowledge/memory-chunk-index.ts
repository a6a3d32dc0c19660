/** A ChunkIndex that keeps everything in memory: the double for tests, and the model that adapters are held against. */
import { BudaoError } from '../contract/errors.ts';
import type { ChunkIndex, IndexGeneration } from './ports.ts';
import { analyseChunk } from './search/analysed-chunk.ts';
import { fuse } from './search/fuse.ts';
import { MemoryTable } from './search/memory-table.ts';
import { lendToNeighbours } from './search/neighbours.ts';
import { planQuery } from './search/query-plan.ts';

export function createMemoryChunkIndex(tables = new Map<string, MemoryTable>()): ChunkIndex {
  const keyOf = (knowledgeBaseId: string, generation: IndexGeneration) =>
    JSON.stringify([knowledgeBaseId, generation.id]);
  return {
    async replaceDocuments(knowledgeBaseId, generation, documents) {
      for (const { chunks } of documents) for (const { vector } of chunks) checkDimension(vector, generation);
      const table = tables.get(keyOf(knowledgeBaseId, generation)) ?? new MemoryTable();
      tables.set(keyOf(knowledgeBaseId, generation), table);
      for (const { documentId, chunks } of documents) {
        table.removeDocument(documentId);
        for (const chunk of chunks) table.add(analyseChunk(chunk));
      }
    },
    async removeDocuments(knowledgeBaseId, generation, documentIds) {
      for (const id of documentIds) tables.get(keyOf(knowledgeBaseId, generation))?.removeDocument(id);
    },
    async search(knowledgeBaseId, generation, request) {
      if (request.vector !== null) checkDimension(request.vector, generation);
      const table = tables.get(keyOf(knowledgeBaseId, generation));
      const evidence = table?.search(planQuery(request.query), request.vector, request.documentIds) ?? [];
      return fuse(lendToNeighbours(evidence), request.limit);
    },
    async inventory(knowledgeBaseId, generation) {
      return tables.get(keyOf(knowledgeBaseId, generation))?.inventory() ?? new Map();
    },
    async optimize() {},
    async drop(knowledgeBaseId, generation) {
      tables.delete(keyOf(knowledgeBaseId, generation));
    },
    async [Symbol.asyncDispose]() {},
  };
}

function checkDimension(vector: readonly number[] | null, generation: IndexGeneration): void {
  if ((vector?.length ?? null) === generation.dimension) return;
  throw new BudaoError(
    'conflict',
    'dimension_mismatch',
    'The vector is not of the length that this generation holds.',
  );
}
