import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import type { ScopedLedger, ScopedSql } from '../../ledger/scope.ts';
import type { IndexGeneration } from '../ports.ts';
import { EFFECTIVE_STATUS, MEMBERSHIP_RUN } from './membership-rows.ts';
import { inPageOrder, type Page, pageSql } from './page.ts';

/** What an index was built with. Two with the same id can be searched together; any difference makes a new one. */
export interface Generation extends IndexGeneration {
  analyzer: string;
  chunker: string;
  /** Identity of the embedder, or null for lexical search alone. */
  embedder: string | null;
}

export interface KnowledgeBase {
  id: string;
  name: string;
  description: string | null;
  isDefault: boolean;
  generation: Generation;
  /** Being built beside the one in use, or null. */
  nextGeneration: Generation | null;
  metadata: Record<string, string>;
  expiresAfter: { anchor: 'last_active_at'; days: number } | null;
  createdAt: number;
  activeAt: number;
  counts: DocumentCounts;
}

export interface DocumentCounts {
  inProgress: number;
  completed: number;
  failed: number;
  cancelled: number;
  bytes: number;
}

interface KnowledgeBaseRow {
  id: string;
  name: string;
  description: string | null;
  is_default: number;
  generation: string;
  next_generation: string | null;
  metadata: string;
  expires_after: string | null;
  created_at: number;
  active_at: number;
}

export interface NewKnowledgeBase {
  name: string;
  description?: string | null | undefined;
  metadata?: Record<string, string> | undefined;
  expiresAfter?: KnowledgeBase['expiresAfter'] | undefined;
  isDefault?: boolean | undefined;
  generation: Generation;
}

export async function createKnowledgeBase(
  tx: ScopedSql,
  request: NewKnowledgeBase,
  now: number,
): Promise<string> {
  const id = newId('vectorStore');
  const existing = await tx.get(
    'SELECT 1 AS one FROM knowledge_base WHERE workspace_id = :workspace AND is_default = 1 AND deleted_at IS NULL',
  );
  await tx.run(
    `INSERT INTO knowledge_base (id, workspace_id, name, description, is_default, generation, next_generation,
       metadata, created_at, active_at, expires_after, deleted_at)
     VALUES (:id, :workspace, :name, :description, 0, :generation, NULL, :metadata, :now, :now, :expiresAfter, NULL)`,
    {
      id,
      name: request.name,
      description: request.description ?? null,
      generation: JSON.stringify(request.generation),
      metadata: JSON.stringify(request.metadata ?? {}),
      expiresAfter: request.expiresAfter ? JSON.stringify(request.expiresAfter) : null,
      now,
    },
  );
  if (request.isDefault === true || existing === undefined) await makeDefault(tx, id);
  return id;
}

/** Only whether it is there, without counting its documents. @throws BudaoError knowledge_base_not_found */
export async function requireKnowledgeBase(sql: ScopedSql, id: string): Promise<void> {
  const row = await sql.get(
    'SELECT 1 AS one FROM knowledge_base WHERE id = :id AND workspace_id = :workspace AND deleted_at IS NULL',
    { id },
  );
  if (row === undefined) throw knowledgeBaseNotFound(id);
}

/** What its index is built with, or null where there is no such knowledge base. */
export async function findGeneration(sql: ScopedSql, id: string): Promise<Generation | null> {
  const row = await sql.get<{ generation: string }>(
    'SELECT generation FROM knowledge_base WHERE id = :id AND workspace_id = :workspace AND deleted_at IS NULL',
    { id },
  );
  return row === undefined ? null : (JSON.parse(row.generation) as Generation);
}

/** Until the transaction ends no other one changes the knowledge base, and no rebuild switches it over. */
export async function lockKnowledgeBase(tx: ScopedSql, id: string): Promise<void> {
  await tx.get(
    'SELECT 1 AS one FROM knowledge_base WHERE id = :id AND workspace_id = :workspace /*postgres: FOR UPDATE */',
    { id },
  );
}

/** @throws BudaoError knowledge_base_not_found */
export async function getKnowledgeBase(sql: ScopedSql, id: string): Promise<KnowledgeBase> {
  const row = await sql.get<KnowledgeBaseRow>(
    'SELECT * FROM knowledge_base WHERE id = :id AND workspace_id = :workspace AND deleted_at IS NULL',
    { id },
  );
  if (row === undefined) throw knowledgeBaseNotFound(id);
  const counts = await countDocuments(sql, id);
  return knowledgeBaseFromRow(row, counts.get(id));
}

export async function listKnowledgeBases(sql: ScopedSql, page: Page): Promise<KnowledgeBase[]> {
  const { where, orderBy, params } = pageSql('id', page);
  const rows = await sql.all<KnowledgeBaseRow>(
    `SELECT * FROM knowledge_base WHERE workspace_id = :workspace AND deleted_at IS NULL AND ${where} ${orderBy}`,
    params,
  );
  const counts = rows.length === 0 ? new Map() : await countDocuments(sql, null);
  return inPageOrder(rows, page).map((row) => knowledgeBaseFromRow(row, counts.get(row.id)));
}

export async function defaultKnowledgeBaseId(sql: ScopedSql): Promise<string | null> {
  const row = await sql.get<{ id: string }>(
    'SELECT id FROM knowledge_base WHERE workspace_id = :workspace AND is_default = 1 AND deleted_at IS NULL',
  );
  return row?.id ?? null;
}

/** What is undefined stays as it is. */
export interface KnowledgeBaseChange {
  name?: string | undefined;
  description?: string | null | undefined;
  metadata?: Record<string, string> | undefined;
  expiresAfter?: KnowledgeBase['expiresAfter'] | undefined;
  isDefault?: true | undefined;
}

export async function updateKnowledgeBase(
  ledger: ScopedLedger,
  id: string,
  change: KnowledgeBaseChange,
  now: number,
): Promise<KnowledgeBase> {
  return ledger.transaction(async (tx) => {
    await lockKnowledgeBase(tx, id);
    const present = await getKnowledgeBase(tx, id);
    const expiresAfter = change.expiresAfter === undefined ? present.expiresAfter : change.expiresAfter;
    await tx.run(
      `UPDATE knowledge_base SET name = :name, description = :description, metadata = :metadata,
         expires_after = :expiresAfter, active_at = :now WHERE id = :id AND workspace_id = :workspace`,
      {
        id,
        name: change.name ?? present.name,
        description: change.description === undefined ? present.description : change.description,
        metadata: JSON.stringify(change.metadata ?? present.metadata),
        expiresAfter: expiresAfter === null ? null : JSON.stringify(expiresAfter),
        now,
      },
    );
    if (change.isDefault === true) await makeDefault(tx, id);
    return getKnowledgeBase(tx, id);
  });
}

/** Notes that the knowledge base is in use, from which its expiry counts. */
export async function touchKnowledgeBase(tx: ScopedSql, id: string, now: number): Promise<void> {
  await tx.run('UPDATE knowledge_base SET active_at = :now WHERE id = :id AND workspace_id = :workspace', {
    id,
    now,
  });
}

/** The documents stay as files; the index is dropped by the next index run. */
export async function deleteKnowledgeBase(tx: ScopedSql, id: string, now: number): Promise<void> {
  const present = await getKnowledgeBase(tx, id);
  await tx.run(
    'UPDATE knowledge_base SET deleted_at = :now, is_default = 0 WHERE id = :id AND workspace_id = :workspace',
    { id, now },
  );
  if (!present.isDefault) return;
  const heir = await tx.get<{ id: string }>(
    `SELECT id FROM knowledge_base WHERE workspace_id = :workspace AND deleted_at IS NULL ORDER BY created_at LIMIT 1`,
  );
  if (heir !== undefined) await makeDefault(tx, heir.id);
}

export function knowledgeBaseNotFound(id: string): BudaoError {
  return new BudaoError(
    'not_found',
    'knowledge_base_not_found',
    `There is no knowledge base '${id}' in this workspace.`,
    {
      param: 'vector_store_id',
    },
  );
}

async function makeDefault(tx: ScopedSql, id: string): Promise<void> {
  await tx.run('UPDATE knowledge_base SET is_default = 0 WHERE workspace_id = :workspace AND is_default = 1');
  await tx.run('UPDATE knowledge_base SET is_default = 1 WHERE id = :id AND workspace_id = :workspace', {
    id,
  });
}

/** Of one knowledge base, or of all in the workspace. */
async function countDocuments(
  sql: ScopedSql,
  knowledgeBaseId: string | null,
): Promise<Map<string, DocumentCounts>> {
  const counts = new Map<string, DocumentCounts>();
  const rows = await sql.all<{ id: string; status: string; number: number; bytes: number }>(
    `SELECT link.knowledge_base_id AS id, ${EFFECTIVE_STATUS} AS status, count(*) AS number,
       sum(document.bytes) AS bytes
     FROM knowledge_base_document AS link
     JOIN document ON document.id = link.document_id AND document.workspace_id = :workspace
     ${MEMBERSHIP_RUN}
     WHERE link.workspace_id = :workspace AND (:knowledgeBaseId = '' OR link.knowledge_base_id = :knowledgeBaseId)
     GROUP BY link.knowledge_base_id, ${EFFECTIVE_STATUS}`,
    { knowledgeBaseId: knowledgeBaseId ?? '' },
  );
  for (const row of rows) {
    const entry = counts.get(row.id) ?? emptyCounts();
    counts.set(row.id, entry);
    if (row.status === 'in_progress') entry.inProgress += row.number;
    else if (row.status === 'completed') entry.completed += row.number;
    else if (row.status === 'failed') entry.failed += row.number;
    else if (row.status === 'cancelled') entry.cancelled += row.number;
    if (row.status === 'completed') entry.bytes += row.bytes;
  }
  return counts;
}

function emptyCounts(): DocumentCounts {
  return { inProgress: 0, completed: 0, failed: 0, cancelled: 0, bytes: 0 };
}

function knowledgeBaseFromRow(row: KnowledgeBaseRow, counts = emptyCounts()): KnowledgeBase {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    isDefault: row.is_default === 1,
    generation: JSON.parse(row.generation) as Generation,
    nextGeneration: row.next_generation === null ? null : (JSON.parse(row.next_generation) as Generation),
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    expiresAfter:
      row.expires_after === null ? null : (JSON.parse(row.expires_after) as KnowledgeBase['expiresAfter']),
    createdAt: row.created_at,
    activeAt: row.active_at,
    counts,
  };
}
