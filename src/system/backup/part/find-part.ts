import { BudaoError } from '../../../contract/errors.ts';
import type { Sql } from '../../../ledger/ledger.ts';
import type { PartKind, PartSelector } from './part.ts';

const MOST_LISTED = 20;

/** By kind: how it is called, and what has to hold of it. */
const PLACES: Readonly<Record<PartKind, { table: string; name: string; workspace: string; living: string }>> =
  {
    workspace: { table: 'workspace', name: 'name', workspace: 'id', living: '1 = 1' },
    knowledge_base: {
      table: 'knowledge_base',
      name: 'name',
      workspace: 'workspace_id',
      living: 'deleted_at IS NULL',
    },
    conversation: {
      table: 'conversation',
      name: 'title',
      workspace: 'workspace_id',
      living: 'deleted_at IS NULL',
    },
    document: {
      table: 'document',
      name: 'filename',
      workspace: 'workspace_id',
      living: 'deleted_at IS NULL',
    },
  };

export interface FoundPart {
  id: string;
  name: string;
  workspaceId: string;
}

/** @throws BudaoError part_not_found, part_ambiguous */
export async function findPart(
  source: Sql,
  { kind, name }: PartSelector,
  snapshotId: string,
): Promise<FoundPart> {
  const place = PLACES[kind];
  const called = kind.replace('_', ' ');
  const select = (where: string): Promise<(FoundPart & { created_at: number })[]> =>
    source.all(
      `SELECT id, ${place.name} AS name, ${place.workspace} AS "workspaceId", created_at FROM ${place.table}
       WHERE ${where} AND ${place.living} ORDER BY created_at, id`,
      { name },
    );
  const [byId] = await select('id = :name');
  const found = byId === undefined ? await select(`${place.name} = :name`) : [byId];
  const [only] = found;
  if (only === undefined) {
    throw new BudaoError(
      'not_found',
      'part_not_found',
      `Snapshot ${snapshotId} has no ${called} with the id or name "${name}". If it was deleted before that snapshot ` +
        'was taken, choose an older one with --snapshot; `budao backup list` shows them.',
    );
  }
  if (found.length === 1) return { id: only.id, name: only.name ?? '', workspaceId: only.workspaceId };
  const listed = found
    .slice(0, MOST_LISTED)
    .map(
      ({ id, workspaceId, created_at: at }) =>
        `${id} (workspace ${workspaceId}, ${new Date(at).toISOString()})`,
    );
  const more = found.length - listed.length;
  throw new BudaoError(
    'conflict',
    'part_ambiguous',
    `${found.length} times "${name}" is a ${called} of snapshot ${snapshotId}; say which by its id: ` +
      `${listed.join(', ')}${more > 0 ? `, and ${more} more` : ''}.`,
  );
}
