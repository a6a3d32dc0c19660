import { NotThereYet } from '../../http/foundation/not-there-yet.ts';
import { INDEX_RUN, REBUILD_RUN } from '../../knowledge/ingest/inputs.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { RESTORED_FROM, type RestoredFrom } from '../../recovery/restore/new-life.ts';

const PENDING = `SELECT COUNT(*) AS total,
    SUM(CASE WHEN status = 'in_progress' AND instr(summary, '"phase":"indexing"') > 0 THEN 1 ELSE 0 END) AS waiting
  FROM knowledge_base_document WHERE created_at <= :before`;
const OPEN = `SELECT kind, COUNT(*) AS count FROM run
  WHERE kind IN ('${INDEX_RUN}', '${REBUILD_RUN}') AND status IN ('queued', 'running') GROUP BY kind`;

/**
 * After a restore the index is filled from what was derived of the documents; until then a question would be told that
 * nothing is known.
 */
export class IndexRebuilt {
  isKnown = false;

  /** @throws NotThereYet while documents of the snapshot wait for their place in the index */
  async check(sql: Sql): Promise<string | undefined> {
    if (this.isKnown) return undefined;
    const row = await sql.get<{ value: string }>('SELECT value FROM setting WHERE name = :name', {
      name: RESTORED_FROM,
    });
    if (row !== undefined) {
      const { restoredAt } = JSON.parse(row.value) as RestoredFrom;
      const { waiting, total } = await pending(sql, restoredAt);
      if (waiting > 0)
        throw new NotThereYet(
          `restored; ${waiting} of ${total} documents are still to be indexed`,
          1 - waiting / total,
        );
    }
    this.isKnown = true;
    return undefined;
  }
}

/**
 * What is put right beside questions: an index that is filled or built again. Until it is done they may find less.
 *
 * @param before documents that came later are taken in as always
 * @throws NotThereYet while documents that were there before wait for their place in the index
 */
export async function requireRepaired(sql: Sql, before: number): Promise<undefined> {
  const open = new Map(
    (await sql.all<{ kind: string; count: number }>(OPEN)).map(({ kind, count }) => [kind, Number(count)]),
  );
  const rebuilds = open.get(REBUILD_RUN) ?? 0;
  if (rebuilds > 0)
    throw new NotThereYet(`${rebuilds} knowledge bases are indexed anew; the old index answers`, 0);
  if (!open.has(INDEX_RUN)) return undefined;
  const { waiting, total } = await pending(sql, before);
  if (waiting === 0) return undefined;
  throw new NotThereYet(`${waiting} of ${total} documents are put into the index again`, 1 - waiting / total);
}

async function pending(sql: Sql, before: number): Promise<{ waiting: number; total: number }> {
  const found = await sql.get<{ total: number; waiting: number | null }>(PENDING, { before });
  return { waiting: Number(found?.waiting ?? 0), total: Number(found?.total ?? 0) };
}
