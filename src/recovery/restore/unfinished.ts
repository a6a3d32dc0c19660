import { BudaoError } from '../../contract/errors.ts';
import type { Sql } from '../../ledger/ledger.ts';

/** A setting that a ledger bears while it is being filled. */
export const RESTORE_UNFINISHED = 'restore.unfinished';

/** @throws BudaoError restore_unfinished */
export async function refuseUnfinishedRestore(sql: Sql): Promise<void> {
  const mark = await sql.get(`SELECT 1 AS one FROM setting WHERE name = '${RESTORE_UNFINISHED}'`);
  if (mark !== undefined) throw restoreUnfinished('The ledger');
}

export function restoreUnfinished(what: string): BudaoError {
  return new BudaoError(
    'conflict',
    'restore_unfinished',
    `${what} holds one half of a restore that broke off. Run the same budao restore command again: it begins anew.`,
  );
}
