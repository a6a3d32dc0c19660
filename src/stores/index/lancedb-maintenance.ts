/** Indexes of a table: made with it, folded together by `optimize`. */
import type { Table } from '@lancedb/lancedb';
import { loadLanceDb } from './load-lancedb.ts';

/** Below this many rows an exact scan is as fast as an index, and misses nothing. */
export const MIN_ROWS_FOR_VECTOR_INDEX = 20_000;

/** Readers refresh with every search; none holds a version for as long as this. */
const KEEP_VERSIONS_MS = 10 * 60_000;

/** Longest term the analyser makes, with room for four bytes a character. */
const MAX_TOKEN_LENGTH = 200;

/**
 * On the empty table, so that there is never a row that full-text search cannot see: rows that are not yet folded in
 * are scanned.
 */
export async function createIndexes(table: Table): Promise<void> {
  const { Index } = await loadLanceDb();
  for (const column of ['text_terms', 'heading_terms']) {
    await table.createIndex(column, {
      config: Index.fts({
        baseTokenizer: 'whitespace',
        lowercase: false,
        stem: false,
        removeStopWords: false,
        asciiFolding: false,
        withPosition: false,
        maxTokenLength: MAX_TOKEN_LENGTH,
      }),
    });
  }
}

export async function optimizeTable(table: Table, dimension: number | null): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_VERSIONS_MS) });
  if (dimension === null || (await table.countRows()) < MIN_ROWS_FOR_VECTOR_INDEX) return;
  const indexes = await table.listIndices();
  if (indexes.some(({ columns }) => columns.includes('vector'))) return;
  const { Index } = await loadLanceDb();
  await table.createIndex('vector', { config: Index.ivfRq({ distanceType: 'cosine' }) });
}
