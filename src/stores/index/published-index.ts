/** The search index in a bucket or in a shared folder, read from copies on each machine. */
import type { ChunkIndex } from '../../knowledge/ports.ts';
import type { ObjectStore } from './object-store.ts';
import { openPublishedPlace } from './published-copy.ts';
import { PublishedTable } from './published-table.ts';
import { createTableIndex } from './table-index.ts';

/** As long as a store is mostly away for; the ledger decides what may be found in any case. */
const SERVE_STALE_MS = 15 * 60_000;

export interface PublishedIndexOptions {
  objects: ObjectStore;
  /** A folder of this machine; its processes may share it, other machines may not. It may be lost at any time. */
  cacheFolder: string;
  /** For so long after its last answer searches go on while the store is away. */
  serveStaleMs?: number;
  /** A search was answered from a version that could not be confirmed for so long. */
  onStale?: (table: string, staleMs: number) => void;
  /** Tables up to this many rows are answered from memory. */
  maxMemoryRows?: number;
}

export async function openPublishedIndex(options: PublishedIndexOptions): Promise<ChunkIndex> {
  const { objects, cacheFolder, serveStaleMs = SERVE_STALE_MS, onStale = () => {} } = options;
  const place = await openPublishedPlace({ objects, cacheFolder, serveStaleMs, onStale });
  const index = createTableIndex(
    (name, dimension) => new PublishedTable(place, name, dimension),
    options.maxMemoryRows,
  );
  return {
    ...index,
    async [Symbol.asyncDispose]() {
      await index[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}
