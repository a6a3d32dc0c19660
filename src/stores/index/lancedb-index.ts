/**
 * The search index in a folder, on LanceDB: one table per knowledge base and generation. Several processes may read
 * and write; each search sees the newest version. The index is derived: the ledger says what it must hold.
 */
import { mkdir } from 'node:fs/promises';
import type { ChunkIndex } from '../../knowledge/ports.ts';
import { sweepDrafts } from './lancedb-files.ts';
import { LanceDbTable } from './lancedb-table.ts';
import { createTableIndex } from './table-index.ts';

export interface LanceDbIndexOptions {
  directory: string;
  /** Tables up to this many rows are answered from memory. */
  maxMemoryRows?: number;
}

export async function openLanceDbIndex(options: LanceDbIndexOptions): Promise<ChunkIndex> {
  await mkdir(options.directory, { recursive: true });
  await sweepDrafts(options.directory);
  return createTableIndex(
    (name, dimension) => new LanceDbTable(options.directory, name, dimension),
    options.maxMemoryRows,
  );
}
