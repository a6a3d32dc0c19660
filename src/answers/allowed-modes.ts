import { LESSER_MODES, type LesserMode } from '../contract/answer.ts';
import type { Sql } from '../ledger/ledger.ts';
import { EVERY_MODE } from './modes.ts';

/** The lesser modes in which a workspace may be answered; all of them where nobody has said otherwise. */
export async function readAllowedModes(sql: Sql, workspaceId: string): Promise<ReadonlySet<LesserMode>> {
  const row = await sql.get<{ settings: string }>('SELECT settings FROM workspace WHERE id = :id', {
    id: workspaceId,
  });
  if (row === undefined) return EVERY_MODE;
  const { allowedModes } = JSON.parse(row.settings) as { allowedModes?: readonly string[] };
  return allowedModes === undefined
    ? EVERY_MODE
    : new Set(LESSER_MODES.filter((mode) => allowedModes.includes(mode)));
}
