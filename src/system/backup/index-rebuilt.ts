import type { Sql } from '../../ledger/ledger.ts';
import { RESTORED_FROM, type RestoredFrom } from '../../recovery/restore/new-life.ts';

const PENDING = `SELECT COUNT(*) AS total,
    SUM(CASE WHEN status = 'in_progress' AND instr(summary, '"phase":"indexing"') > 0 THEN 1 ELSE 0 END) AS waiting
  FROM knowledge_base_document WHERE created_at <= :restoredAt`;

/**
 * After a restore the index is filled from what was derived of the documents; until then a question would be told that
 * nothing is known.
 */
export class IndexRebuilt {
  isKnown = false;

  /** @throws Error while documents of the snapshot wait for their place in the index */
  async check(sql: Sql): Promise<string | undefined> {
    if (this.isKnown) return undefined;
    const row = await sql.get<{ value: string }>('SELECT value FROM setting WHERE name = :name', {
      name: RESTORED_FROM,
    });
    if (row !== undefined) {
      const { restoredAt } = JSON.parse(row.value) as RestoredFrom;
      const found = await sql.get<{ total: number; waiting: number | null }>(PENDING, { restoredAt });
      const waiting = Number(found?.waiting ?? 0);
      if (waiting > 0)
        throw new Error(`restored; ${waiting} of ${found?.total} documents are still to be indexed`);
    }
    this.isKnown = true;
    return undefined;
  }
}
