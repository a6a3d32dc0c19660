/** The port over tables of whatever kind: one for each knowledge base and generation. */
import { BudaoError } from '../../contract/errors.ts';
import type { ChunkIndex, IndexGeneration, SearchHit } from '../../knowledge/ports.ts';
import { fuse } from '../../knowledge/search/fuse.ts';
import { lendToNeighbours } from '../../knowledge/search/neighbours.ts';
import { planQuery } from '../../knowledge/search/query-plan.ts';
import type { IndexTable } from './index-table.ts';
import { LAYOUT_VERSION } from './lancedb-schema.ts';
import { MAX_MEMORY_ROWS, TableReader } from './table-reader.ts';

interface Entry {
  table: IndexTable;
  reader: TableReader;
}

export function createTableIndex(
  createTable: (name: string, dimension: number | null) => IndexTable,
  maxMemoryRows = MAX_MEMORY_ROWS,
): ChunkIndex {
  const entries = new Map<string, Entry>();

  const entryOf = (knowledgeBaseId: string, generation: IndexGeneration): Entry => {
    const name = tableName(knowledgeBaseId, generation);
    let entry = entries.get(name);
    if (entry === undefined) {
      const table = createTable(name, generation.dimension);
      entry = { table, reader: new TableReader(table, maxMemoryRows) };
      entries.set(name, entry);
    }
    return entry;
  };

  return {
    async replaceDocuments(knowledgeBaseId, generation, documents) {
      if (documents.length === 0) return;
      for (const { chunks } of documents) for (const { vector } of chunks) checkDimension(vector, generation);
      await entryOf(knowledgeBaseId, generation).table.replaceDocuments(documents);
    },
    removeDocuments(knowledgeBaseId, generation, documentIds) {
      return entryOf(knowledgeBaseId, generation).table.removeDocuments(documentIds);
    },
    async search(knowledgeBaseId, generation, request): Promise<SearchHit[]> {
      if (request.vector !== null) checkDimension(request.vector, generation);
      const { reader } = entryOf(knowledgeBaseId, generation);
      // Planned while another thread looks for the newest version of the table.
      const plan = Promise.resolve().then(() => planQuery(request.query));
      const evidence = await reader.search(plan, request.vector, request.documentIds);
      return fuse(lendToNeighbours(evidence), request.limit);
    },
    inventory(knowledgeBaseId, generation) {
      return entryOf(knowledgeBaseId, generation).reader.inventory();
    },
    optimize(knowledgeBaseId, generation) {
      return entryOf(knowledgeBaseId, generation).table.optimize();
    },
    async drop(knowledgeBaseId, generation) {
      const { table, reader } = entryOf(knowledgeBaseId, generation);
      await table.drop();
      reader.forget();
    },
    async [Symbol.asyncDispose]() {
      for (const { table, reader } of entries.values()) {
        await table.close();
        reader.forget();
      }
      entries.clear();
    },
  };
}

function tableName(knowledgeBaseId: string, generation: IndexGeneration): string {
  return `${safeName(knowledgeBaseId)}__${safeName(generation.id)}__v${LAYOUT_VERSION}`;
}

/** Ids become file names: whatever is not plain is written as its code, so that two ids never share a table. */
function safeName(id: string): string {
  return id.replaceAll(
    /[^A-Za-z0-9-]/g,
    (character) => `_${(character.codePointAt(0) as number).toString(16)}.`,
  );
}

function checkDimension(vector: readonly number[] | null, generation: IndexGeneration): void {
  const length = vector?.length ?? null;
  if (length === generation.dimension) return;
  throw new BudaoError(
    'conflict',
    'dimension_mismatch',
    `This index generation holds vectors of length ${generation.dimension ?? 'none'}, but one of length ${length ?? 'none'} was given. Build a new generation for the new embedder.`,
  );
}
