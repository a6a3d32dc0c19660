import type { IndexedChunk } from '../../knowledge/ports.ts';
import type { OpenVersion } from './lancedb-table.ts';

/** What a reader needs of a table, wherever its files are. */
export interface ReadableTable {
  readonly dimension: number | null;
  /** The newest version that any process has written, or null where there is no table. */
  newest(): Promise<OpenVersion | null>;
  /** @throws BudaoError index_corrupt, index_busy */
  read<T>(work: (version: OpenVersion) => Promise<T>, absent: T): Promise<T>;
}

/** A table of the index; each write is visible everywhere when it resolves. */
export interface IndexTable extends ReadableTable {
  replaceDocuments(
    documents: readonly { documentId: string; chunks: readonly IndexedChunk[] }[],
  ): Promise<void>;
  removeDocuments(documentIds: readonly string[]): Promise<void>;
  optimize(): Promise<void>;
  drop(): Promise<void>;
  /** Waits for the write under way, then lets go of what is open. */
  close(): Promise<void>;
}
