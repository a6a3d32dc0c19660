/** One table on disk: opened lazily, read at its newest version, written by one caller at a time. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Table } from '@lancedb/lancedb';
import type { IndexedChunk } from '../../knowledge/ports.ts';
import type { IndexTable } from './index-table.ts';
import { indexCorrupt, indexError } from './lancedb-errors.ts';
import {
  DRAFT_PREFIX,
  discard,
  dropTornManifests,
  moveIntoPlace,
  syncNewFiles,
  versionKey,
} from './lancedb-files.ts';
import { createIndexes, optimizeTable } from './lancedb-maintenance.ts';
import { chunkSchema, rowOf } from './lancedb-schema.ts';
import { loadLanceDb } from './load-lancedb.ts';
import { WriteTurns } from './write-turns.ts';

/** Tries against other writers; one run at a time writes a knowledge base, so that even a second one is rare. */
const MAX_ATTEMPTS = 6;
const MAX_PAUSE_MS = 100;

/** A handle on the newest version, with the key that it was opened under. */
export interface OpenVersion {
  key: string;
  table: Table;
}

export class LanceDbTable implements IndexTable {
  readonly name: string;
  readonly dimension: number | null;
  readonly #folder: string;
  readonly #directory: string;
  readonly #isDurable: boolean;
  readonly #synced = new Set<string>();
  #open: OpenVersion | null = null;
  #opening: Promise<OpenVersion | null> | null = null;
  readonly #turns = new WriteTurns();

  /** A copy of what is kept elsewhere need not be `isDurable`. */
  constructor(
    directory: string,
    name: string,
    dimension: number | null,
    { isDurable } = { isDurable: true },
  ) {
    this.name = name;
    this.dimension = dimension;
    this.#directory = directory;
    this.#isDurable = isDurable;
    this.#folder = path.join(directory, `${name}.lance`);
  }

  /**
   * The newest version that any process has written, or null where there is no table.
   * @throws BudaoError index_corrupt
   */
  async newest(): Promise<OpenVersion | null> {
    const key = await versionKey(this.#folder);
    if (key !== null && this.#open?.key === key) return this.#open;
    this.#opening ??= this.#openNewest().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Reads at the newest version; once more from a fresh handle where the first try fails. */
  async read<T>(work: (version: OpenVersion) => Promise<T>, absent: T): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const version = await this.newest();
        return version === null ? absent : await work(version);
      } catch (error) {
        this.#close();
        if (attempt > 0) throw indexError(error, this.name);
      }
    }
  }

  replaceDocuments(
    documents: readonly { documentId: string; chunks: readonly IndexedChunk[] }[],
  ): Promise<void> {
    return this.#write(async () => {
      const revision = randomUUID();
      const rows = documents.flatMap(({ chunks }) => chunks.map((chunk) => rowOf(chunk, revision)));
      const existing = await this.newest();
      if (existing === null && rows.length === 0) return;
      const table = existing?.table ?? (await this.#create());
      const { makeArrowTable } = await loadLanceDb();
      // One commit replaces, adds and deletes: no reader sees a document twice, half or not at all.
      await table
        .mergeInsert('id')
        .whenMatchedUpdateAll()
        .whenNotMatchedInsertAll()
        .whenNotMatchedBySourceDelete({
          where: documentFilter(documents.map(({ documentId }) => documentId)),
        })
        .execute(makeArrowTable(rows, { schema: chunkSchema(this.dimension) }));
    });
  }

  removeDocuments(documentIds: readonly string[]): Promise<void> {
    return this.#write(async () => {
      const version = await this.newest();
      if (version !== null && documentIds.length > 0) await version.table.delete(documentFilter(documentIds));
    });
  }

  optimize(): Promise<void> {
    return this.#write(async () => {
      const version = await this.newest();
      if (version !== null) await optimizeTable(version.table, this.dimension);
    });
  }

  drop(): Promise<void> {
    return this.#turns.take(async () => {
      this.#close();
      this.#synced.clear();
      await discard(this.#folder);
    });
  }

  /** Waits for the write under way, then lets go of the handle. */
  async close(): Promise<void> {
    await this.#turns.settled();
    this.#close();
  }

  /** Every write may be done again from the start: where another process was faster, it is. */
  #write(work: () => Promise<void>): Promise<void> {
    return this.#turns.take(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await work();
          if (this.#isDurable && (await versionKey(this.#folder)) !== null) {
            await syncNewFiles(this.#folder, this.#synced);
          }
          return;
        } catch (error) {
          this.#close();
          const failure = indexError(error, this.name);
          if (failure.code !== 'index_busy' || attempt === MAX_ATTEMPTS) throw failure;
          await sleep(Math.random() * MAX_PAUSE_MS);
        }
      }
    });
  }

  async #openNewest(): Promise<OpenVersion | null> {
    const state = await dropTornManifests(this.#folder);
    if (state === 'torn') throw indexCorrupt(this.name);
    const key = await versionKey(this.#folder);
    if (state === 'absent' || key === null) {
      this.#close();
      return null;
    }
    const { connect } = await loadLanceDb();
    // A fresh connection: the old one may have cached files of a table that was dropped and made again.
    const connection = await connect(this.#directory);
    const table = await connection.openTable(this.name);
    this.#open = { key, table };
    return this.#open;
  }

  /**
   * The table is made aside, with its indexes, and moved into place whole. Where another process was faster, its
   * table stays: two creations in one place would overwrite each other's rows.
   */
  async #create(): Promise<Table> {
    const { connect } = await loadLanceDb();
    const connection = await connect(this.#directory);
    this.#synced.clear();
    const draft = `${DRAFT_PREFIX}${randomUUID()}`;
    await createIndexes(await connection.createEmptyTable(draft, chunkSchema(this.dimension)));
    await moveIntoPlace(path.join(this.#directory, `${draft}.lance`), this.#folder);
    return connection.openTable(this.name);
  }

  /** The handle may still be read by a search under way, so it is left to the garbage collector. */
  #close(): void {
    this.#open = null;
  }
}

export function documentFilter(documentIds: readonly string[]): string {
  return `document_id IN (${documentIds.map((id) => `'${id.replaceAll("'", "''")}'`).join(', ')})`;
}
