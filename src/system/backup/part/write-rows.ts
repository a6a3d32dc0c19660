import type { Ledger, Sql, SqlRow } from '../../../ledger/ledger.ts';

/** Few enough that nobody waits long for the lock. */
const ROWS_PER_TRANSACTION = 200;

/** A row with the columns of its table; one that is there stays as it is. @returns whether it was put */
export async function insertRow(tx: Sql, table: string, row: SqlRow): Promise<boolean> {
  const columns = Object.keys(row);
  const { changes } = await tx.run(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((column) => `:${column}`).join(', ')})
     ON CONFLICT DO NOTHING`,
    row,
  );
  return changes === 1;
}

/** In transactions of a bounded size, one after another. */
export async function inBatches<T>(
  ledger: Ledger,
  items: readonly T[],
  signal: AbortSignal,
  work: (tx: Sql, item: T) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length; at += ROWS_PER_TRANSACTION) {
    signal.throwIfAborted();
    await ledger.transaction(async (tx) => {
      for (const item of items.slice(at, at + ROWS_PER_TRANSACTION)) await work(tx, item);
    });
  }
}
