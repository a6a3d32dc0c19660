/** Reads one table at its newest version: from memory while it is small, from LanceDB once it has grown. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Table } from '@lancedb/lancedb';
import type { Evidence } from '../../knowledge/search/fuse.ts';
import { MemoryTable } from '../../knowledge/search/memory-table.ts';
import type { QueryPlan } from '../../knowledge/search/query-plan.ts';
import type { TermStatistics } from '../../knowledge/search/statistics.ts';
import type { ReadableTable } from './index-table.ts';
import { analysedChunkOf, type ChunkRow } from './lancedb-schema.ts';
import { searchTable } from './lancedb-search.ts';
import { documentFilter, type OpenVersion } from './lancedb-table.ts';
import { sampleStatistics } from './sampled-statistics.ts';

/** About 20 MB of memory and a second of reading at most. */
export const MAX_MEMORY_ROWS = 3_000;
const MAX_MEMORY_VECTOR_VALUES = 4_000_000;
/** A change up to this size is taken over at once; a larger one is built aside, letting other work run in between. */
const MAX_ROWS_IN_PLACE = 60;
const ROWS_PER_TURN = 40;
/** Estimates of term frequency stand until the table has grown or shrunk by this share. */
const STATISTICS_DRIFT = 0.2;

interface InMemory {
  kind: 'memory';
  table: MemoryTable;
  revisions: Map<string, string>;
}

interface OnDisk {
  kind: 'disk';
  table: Table;
  statistics: TermStatistics;
}

export class TableReader {
  readonly #table: ReadableTable;
  #key: string | null = null;
  #view: InMemory | OnDisk | null = null;
  #refreshing: Promise<InMemory | OnDisk> | null = null;

  readonly #maxMemoryRows: number;

  constructor(table: ReadableTable, maxMemoryRows: number) {
    this.#table = table;
    this.#maxMemoryRows = maxMemoryRows;
  }

  async search(
    planned: Promise<QueryPlan>,
    vector: readonly number[] | null,
    documentIds: readonly string[] | null,
  ): Promise<Evidence[]> {
    // Where there is no table nobody waits for it.
    planned.catch(() => {});
    if (documentIds?.length === 0) return [];
    return this.#table.read(async (version) => {
      const view = await this.#viewOf(version);
      const plan = await planned;
      return view.kind === 'memory'
        ? view.table.search(plan, vector, documentIds)
        : searchTable(view.table, plan, vector, documentIds, view.statistics);
    }, []);
  }

  inventory(): Promise<Map<string, number>> {
    return this.#table.read(async ({ table }) => {
      const counts = new Map<string, number>();
      for (const { document_id: id } of await table.query().select(['document_id']).toArray()) {
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      return counts;
    }, new Map());
  }

  forget(): void {
    this.#key = null;
    this.#view = null;
  }

  async #viewOf(version: OpenVersion): Promise<InMemory | OnDisk> {
    while (this.#key !== version.key || this.#view === null) {
      const refreshing = this.#refreshing;
      if (refreshing !== null) {
        await refreshing.catch(() => {});
        if (this.#key !== version.key) version = (await this.#table.newest()) ?? version;
        continue;
      }
      this.#refreshing = this.#refresh(version).finally(() => {
        this.#refreshing = null;
      });
      return this.#refreshing;
    }
    return this.#view;
  }

  async #refresh({ key, table }: OpenVersion): Promise<InMemory | OnDisk> {
    const rows = await table.countRows();
    const fits =
      rows <= this.#maxMemoryRows && rows * (this.#table.dimension ?? 0) <= MAX_MEMORY_VECTOR_VALUES;
    const view = fits ? await this.#memoryView(table) : await this.#diskView(table, rows);
    this.#view = view;
    this.#key = key;
    return view;
  }

  async #diskView(table: Table, rows: number): Promise<OnDisk> {
    const known = this.#view?.kind === 'disk' ? this.#view.statistics : null;
    const stands = known !== null && Math.abs(known.rows - rows) <= known.rows * STATISTICS_DRIFT;
    return { kind: 'disk', table, statistics: stands ? known : await sampleStatistics(table, rows) };
  }

  async #memoryView(table: Table): Promise<InMemory> {
    const revisions = await revisionsOf(table);
    const known = this.#view?.kind === 'memory' ? this.#view : null;
    if (known === null) return buildView(table, revisions);
    const gone = [...known.revisions.keys()].filter((id) => !revisions.has(id));
    const changed = [...revisions]
      .filter(([id, revision]) => known.revisions.get(id) !== revision)
      .map(([id]) => id);
    const added = changed.length === 0 ? [] : await rowsOf(table, changed);
    if (added.length > MAX_ROWS_IN_PLACE || known.table.deadRows > known.table.rows + MAX_ROWS_IN_PLACE) {
      return buildView(table, revisions);
    }
    // Without a pause, so that no search sees a document half replaced.
    for (const id of [...gone, ...changed]) known.table.removeDocument(id);
    for (const row of added) known.table.add(analysedChunkOf(row));
    return { kind: 'memory', table: known.table, revisions };
  }
}

async function buildView(table: Table, revisions: Map<string, string>): Promise<InMemory> {
  const memory = new MemoryTable();
  const rows = await rowsOf(table, null);
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_PER_TURN === ROWS_PER_TURN - 1) await nextTurn();
    memory.add(analysedChunkOf(row));
  }
  return { kind: 'memory', table: memory, revisions };
}

async function revisionsOf(table: Table): Promise<Map<string, string>> {
  const rows = await table.query().select(['document_id', 'revision']).toArray();
  return new Map(rows.map((row) => [row.document_id, row.revision]));
}

async function rowsOf(table: Table, documentIds: readonly string[] | null): Promise<ChunkRow[]> {
  const query = table.query();
  const rows: ChunkRow[] = await (documentIds === null
    ? query
    : query.where(documentFilter(documentIds))
  ).toArray();
  return rows.sort((a, b) =>
    a.document_id < b.document_id ? -1 : a.document_id > b.document_id ? 1 : a.ordinal - b.ordinal,
  );
}
