import { describe, expect, test } from 'vitest';
import { chunkIndexChecks, chunkIndexConformance, type FreshIndex } from './chunk-index.suite.ts';
import { createMemoryChunkIndex } from './memory-chunk-index.ts';
import type { ChunkIndex } from './ports.ts';
import type { MemoryTable } from './search/memory-table.ts';

type Sabotage = (index: ChunkIndex) => Partial<ChunkIndex>;

async function createFresh(sabotage: Sabotage = () => ({})): Promise<FreshIndex> {
  const tables = new Map<string, MemoryTable>();
  const open = () => {
    const index = createMemoryChunkIndex(tables);
    return { ...index, ...sabotage(index) };
  };
  return { index: open(), another: async () => open(), async [Symbol.asyncDispose]() {} };
}

chunkIndexConformance('the in-memory double', createFresh);

const pause = () => new Promise((resolve) => setTimeout(resolve, 2));

/** Each breaks one promise; the check beside it must notice. */
const SABOTAGES: { harm: string; caughtBy: string; sabotage: Sabotage }[] = [
  {
    harm: 'loses the page number',
    caughtBy: 'a found chunk comes back with every field as it was put in',
    sabotage: (index) => ({
      search: async (...args) =>
        (await index.search(...args)).map((hit) => ({ ...hit, chunk: { ...hit.chunk, page: null } })),
    }),
  },
  {
    harm: 'adds the new chunks and keeps the old ones',
    caughtBy: 'a replaced document is found by its new text alone, and others stay',
    sabotage: (index) => ({
      replaceDocuments: (base, generation, documents) =>
        index.replaceDocuments(
          base,
          generation,
          documents.map(({ documentId, chunks }) => ({
            documentId: `${documentId}@${Math.random()}`,
            chunks,
          })),
        ),
    }),
  },
  {
    harm: 'deletes first and adds later',
    caughtBy: 'a reader with a handle of its own never sees a document missing, doubled or half replaced',
    sabotage: (index) => ({
      async replaceDocuments(base, generation, documents) {
        await index.removeDocuments(
          base,
          generation,
          documents.map(({ documentId }) => documentId),
        );
        await pause();
        await index.replaceDocuments(base, generation, documents);
      },
    }),
  },
  {
    harm: 'ignores a document that is replaced by nothing',
    caughtBy: 'a document replaced by nothing is gone',
    sabotage: (index) => ({
      replaceDocuments: (base, generation, documents) =>
        index.replaceDocuments(
          base,
          generation,
          documents.filter(({ chunks }) => chunks.length > 0),
        ),
    }),
  },
  {
    harm: 'forgets to remove',
    caughtBy: 'removal is visible at once to every handle',
    sabotage: () => ({ removeDocuments: async () => {} }),
  },
  {
    harm: 'filters after the limit',
    caughtBy: 'a filter by documents reaches hits that better ones of other documents would push out',
    sabotage: (index) => ({
      async search(base, generation, request) {
        const hits = await index.search(base, generation, { ...request, documentIds: null });
        return hits.filter((hit) => request.documentIds?.includes(hit.chunk.documentId) ?? true);
      },
    }),
  },
  {
    harm: 'keeps all generations in one table',
    caughtBy: 'knowledge bases and generations never mix',
    sabotage: (index) => ({
      search: (base, generation, request) => index.search(base, { ...generation, id: 'g1' }, request),
    }),
  },
  {
    harm: 'ignores the vector',
    caughtBy: 'a vector finds what shares no word with the question',
    sabotage: (index) => ({
      search: (base, generation, request) => index.search(base, generation, { ...request, vector: null }),
    }),
  },
  {
    harm: 'takes vectors of any length',
    caughtBy: 'vectors of another length are refused, and nothing of the batch is kept',
    sabotage: (index) => ({
      replaceDocuments: (base, generation, documents) =>
        index.replaceDocuments(base, generation, documents).catch(() => {}),
    }),
  },
  {
    harm: 'returns more than the limit',
    caughtBy: 'scores fall from at most 1 to above 0, within the limit, in the same order for every handle',
    sabotage: (index) => ({
      search: (base, generation, request) =>
        index.search(base, generation, { ...request, limit: request.limit * 2 }),
    }),
  },
  {
    harm: 'counts documents instead of chunks',
    caughtBy: 'the inventory counts the chunks of each document',
    sabotage: (index) => ({
      inventory: async (base, generation) =>
        new Map([...(await index.inventory(base, generation)).keys()].map((id) => [id, 1])),
    }),
  },
  {
    harm: 'loses rows when it optimises',
    caughtBy: 'optimising changes no result',
    sabotage: (index) => ({
      optimize: (base, generation) => index.removeDocuments(base, generation, ['d3']),
    }),
  },
  {
    harm: 'does not drop',
    caughtBy: 'a dropped table is empty and can be filled again, for every handle',
    sabotage: () => ({ drop: async () => {} }),
  },
  {
    harm: 'compares bytes instead of words',
    caughtBy: 'another way to write the same words finds the same chunk',
    sabotage: (index) => ({
      async search(base, generation, request) {
        const hits = await index.search(base, generation, request);
        return hits.filter((hit) => hit.chunk.text.includes(request.query));
      },
    }),
  },
];

describe('the suite notices an index that', () => {
  test.each(SABOTAGES)('$harm', async ({ caughtBy, sabotage }) => {
    const failed: string[] = [];
    for (const check of chunkIndexChecks) {
      await using fresh = await createFresh(sabotage);
      await check.run(fresh).catch(() => failed.push(check.name));
    }
    expect(failed).toContain(caughtBy);
  });
});
