/** A picture of the ledger in which only some documents are: a snapshot of it is whole, and small. */
import type { LedgerPicture } from '../ports.ts';
import type { Row } from '../tables/row-pieces.ts';

export interface SampleSize {
  documentsPerBase: number;
  /** Of all originals together. */
  maxBytes: number;
}

/** The newest documents of each knowledge base, as many as fit. */
export async function sampledPicture(picture: LedgerPicture, size: SampleSize): Promise<LedgerPicture> {
  const chosen = await choose(picture, size);
  return {
    engine: picture.engine,
    schemaVersion: picture.schemaVersion,
    rows: (table) => filtered(picture.rows(table), table, chosen),
    [Symbol.asyncDispose]: () => picture[Symbol.asyncDispose](),
  };
}

async function* filtered(
  rows: AsyncIterable<Row>,
  table: string,
  chosen: ReadonlySet<string>,
): AsyncGenerator<Row> {
  const column = { document: 'id', knowledge_base_document: 'document_id' }[table];
  for await (const row of rows) if (column === undefined || chosen.has(String(row[column]))) yield row;
}

async function choose(
  picture: LedgerPicture,
  { documentsPerBase, maxBytes }: SampleSize,
): Promise<Set<string>> {
  const chosen = new Set<string>();
  if (documentsPerBase === 0) return chosen;
  const documents = new Map<string, { bytes: number; createdAt: number }>();
  for await (const { id, bytes, created_at, deleted_at } of picture.rows('document'))
    if (deleted_at === null)
      documents.set(String(id), { bytes: Number(bytes), createdAt: Number(created_at) });
  const byBase = new Map<string, string[]>();
  for await (const { knowledge_base_id, document_id, status } of picture.rows('knowledge_base_document')) {
    if (status !== 'completed' || !documents.has(String(document_id))) continue;
    const base = String(knowledge_base_id);
    byBase.set(base, [...(byBase.get(base) ?? []), String(document_id)]);
  }
  const ageOf = (id: string): number => documents.get(id)?.createdAt ?? 0;
  const ranked = [...byBase.values()].map((ids) => ids.toSorted((a, b) => ageOf(b) - ageOf(a)));
  let bytes = 0;
  // One of each knowledge base at a time: a large one takes nothing away from the others.
  for (let rank = 0; rank < documentsPerBase; rank++) {
    for (const ids of ranked) {
      const id = ids[rank];
      const own = id === undefined ? 0 : (documents.get(id)?.bytes ?? 0);
      if (id === undefined || chosen.has(id) || bytes + own > maxBytes) continue;
      chosen.add(id);
      bytes += own;
    }
  }
  return chosen;
}
