/** Golden sets of a workspace, in the ledger. */

import { BudaoError } from '../../contract/errors.ts';
import type { Verdict } from '../../contract/evaluation.ts';
import { newId } from '../../contract/ids.ts';
import type { ScopedSql } from '../../ledger/scope.ts';

export interface GoldenSetRecord {
  id: string;
  name: string;
  description: string | null;
  /** Null asks the workspace's default knowledge base. */
  knowledgeBaseIds: string[] | null;
  /** The evaluation that later ones are compared with. */
  baselineId: string | null;
  lastEvaluationId: string | null;
  lastVerdict: Verdict | null;
  approved: number;
  drafts: number;
  createdAt: number;
  updatedAt: number;
}

interface SetRow {
  id: string;
  name: string;
  description: string | null;
  knowledge_base_ids: string | null;
  baseline_id: string | null;
  last_evaluation_id: string | null;
  last_verdict: Verdict | null;
  approved: number;
  drafts: number;
  created_at: number;
  updated_at: number;
}

const MAX_SETS = 500;

const SET = `SELECT s.id, s.name, s.description, s.knowledge_base_ids, s.baseline_id, s.last_evaluation_id, s.last_verdict,
    s.created_at, s.updated_at,
    (SELECT count(*) FROM golden_question q WHERE q.workspace_id = :workspace AND q.golden_set_id = s.id
      AND q.state = 'approved') AS approved,
    (SELECT count(*) FROM golden_question q WHERE q.workspace_id = :workspace AND q.golden_set_id = s.id
      AND q.state = 'draft') AS drafts
  FROM golden_set s WHERE s.workspace_id = :workspace`;

export async function listGoldenSets(sql: ScopedSql): Promise<GoldenSetRecord[]> {
  const rows = await sql.all<SetRow>(`${SET} ORDER BY s.name LIMIT ${MAX_SETS}`);
  return rows.map(fromRow);
}

/** By id or by name. @throws BudaoError golden_set_not_found */
export async function requireGoldenSet(sql: ScopedSql, idOrName: string): Promise<GoldenSetRecord> {
  const found = await findGoldenSet(sql, idOrName);
  if (found !== null) return found;
  throw new BudaoError('not_found', 'golden_set_not_found', `There is no golden set ${idOrName}.`);
}

export async function findGoldenSet(sql: ScopedSql, idOrName: string): Promise<GoldenSetRecord | null> {
  const row =
    (await sql.get<SetRow>(`${SET} AND s.id = :wanted`, { wanted: idOrName })) ??
    (await sql.get<SetRow>(`${SET} AND s.name = :wanted`, { wanted: idOrName }));
  return row === undefined ? null : fromRow(row);
}

export interface NewGoldenSet {
  name: string;
  description?: string | null | undefined;
  knowledgeBaseIds?: readonly string[] | null | undefined;
}

/** @throws BudaoError golden_set_exists */
export async function createGoldenSet(tx: ScopedSql, wanted: NewGoldenSet, now: number): Promise<string> {
  const id = newId('goldenSet');
  const { changes } = await tx.run(
    `INSERT INTO golden_set (id, workspace_id, name, description, knowledge_base_ids, created_at, updated_at)
     VALUES (:id, :workspace, :name, :description, :bases, :now, :now) ON CONFLICT DO NOTHING`,
    {
      id,
      name: wanted.name,
      description: wanted.description ?? null,
      bases: asJson(wanted.knowledgeBaseIds),
      now,
    },
  );
  if (changes === 0) throw nameTaken(wanted.name);
  return id;
}

/** What is undefined stays as it is. @throws BudaoError golden_set_exists */
export async function changeGoldenSet(
  tx: ScopedSql,
  set: GoldenSetRecord,
  change: Partial<NewGoldenSet> & { baselineId?: string | null | undefined },
  now: number,
): Promise<void> {
  const { name = set.name, description = set.description, baselineId = set.baselineId } = change;
  const bases = change.knowledgeBaseIds === undefined ? set.knowledgeBaseIds : change.knowledgeBaseIds;
  const taken = await tx.get(
    'SELECT 1 AS one FROM golden_set WHERE workspace_id = :workspace AND name = :name AND id <> :id',
    { name, id: set.id },
  );
  if (taken !== undefined) throw nameTaken(name);
  await tx.run(
    `UPDATE golden_set SET name = :name, description = :description, knowledge_base_ids = :bases,
       baseline_id = :baselineId, updated_at = :now
     WHERE workspace_id = :workspace AND id = :id`,
    { id: set.id, name, description, bases: asJson(bases), baselineId, now },
  );
}

/** With its questions and what was found with them. */
export async function deleteGoldenSet(tx: ScopedSql, setId: string): Promise<void> {
  await tx.run('DELETE FROM golden_question WHERE workspace_id = :workspace AND golden_set_id = :setId', {
    setId,
  });
  await tx.run('DELETE FROM evaluation WHERE workspace_id = :workspace AND golden_set_id = :setId', {
    setId,
  });
  await tx.run('DELETE FROM golden_set WHERE workspace_id = :workspace AND id = :setId', { setId });
}

function asJson(ids: readonly string[] | null | undefined): string | null {
  return ids == null || ids.length === 0 ? null : JSON.stringify(ids);
}

function nameTaken(name: string): BudaoError {
  return new BudaoError('invalid', 'golden_set_exists', `There is a golden set '${name}' already.`, {
    param: 'name',
  });
}

function fromRow(row: SetRow): GoldenSetRecord {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    knowledgeBaseIds:
      row.knowledge_base_ids === null ? null : (JSON.parse(row.knowledge_base_ids) as string[]),
    baselineId: row.baseline_id,
    lastEvaluationId: row.last_evaluation_id,
    lastVerdict: row.last_verdict,
    approved: Number(row.approved),
    drafts: Number(row.drafts),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
