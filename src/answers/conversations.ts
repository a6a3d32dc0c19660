import { BudaoError } from '../contract/errors.ts';
import { newId } from '../contract/ids.ts';
import type { ScopedSql } from '../ledger/scope.ts';

const MAX_TITLE_FROM_QUESTION_CHARS = 80;

/** Times are milliseconds since the epoch. */
export interface Conversation {
  id: string;
  ownerId: string;
  /** The first question until someone names it; null while nothing was asked. */
  title: string | null;
  metadata: Record<string, string>;
  createdAt: number;
  updatedAt: number;
  /** The oldest answer that is still being written, or null. */
  activeResponseId: string | null;
}

export type ConversationRow = {
  id: string;
  account_id: string;
  title: string | null;
  metadata: string;
  created_at: number;
  updated_at: number;
  active_response_id: string | null;
};

export const CONVERSATION_COLUMNS = `c.id, c.account_id, c.title, c.metadata, c.created_at, c.updated_at,
  (SELECT r.id FROM run r WHERE r.workspace_id = :workspace AND r.subject_id = c.id
     AND r.status IN ('queued', 'running') ORDER BY r.created_at LIMIT 1) AS active_response_id`;

export async function createConversation(
  tx: ScopedSql,
  conversation: { ownerId: string; metadata: Record<string, string>; title?: string | null },
  now: number,
): Promise<Conversation> {
  const id = newId('conversation');
  const { ownerId, metadata, title = null } = conversation;
  await tx.run(
    `INSERT INTO conversation (id, workspace_id, account_id, title, metadata, created_at, updated_at, deleted_at)
     VALUES (:id, :workspace, :ownerId, :title, :metadata, :now, :now, NULL)`,
    { id, ownerId, title, metadata: JSON.stringify(metadata), now },
  );
  return { id, ownerId, title, metadata, createdAt: now, updatedAt: now, activeResponseId: null };
}

/** @throws BudaoError conversation_not_found, also for the conversations of others */
export async function getConversation(sql: ScopedSql, ownerId: string, id: string): Promise<Conversation> {
  const row = await sql.get<ConversationRow>(
    `SELECT ${CONVERSATION_COLUMNS} FROM conversation c
     WHERE c.workspace_id = :workspace AND c.id = :id AND c.account_id = :ownerId AND c.deleted_at IS NULL`,
    { id, ownerId },
  );
  if (row === undefined) throw conversationNotFound(id);
  return conversationFromRow(row);
}

/** Undefined leaves a field as it is. */
export async function updateConversation(
  tx: ScopedSql,
  ownerId: string,
  id: string,
  change: { title?: string | undefined; metadata?: Record<string, string> | undefined },
): Promise<Conversation> {
  await tx.run(
    `UPDATE conversation SET title = COALESCE(:title, title), metadata = COALESCE(:metadata, metadata)
     WHERE workspace_id = :workspace AND id = :id AND account_id = :ownerId AND deleted_at IS NULL`,
    {
      id,
      ownerId,
      title: change.title ?? null,
      metadata: change.metadata === undefined ? null : JSON.stringify(change.metadata),
    },
  );
  return getConversation(tx, ownerId, id);
}

export async function deleteConversation(
  tx: ScopedSql,
  ownerId: string,
  id: string,
  now: number,
): Promise<void> {
  const { changes } = await tx.run(
    `UPDATE conversation SET deleted_at = :now
     WHERE workspace_id = :workspace AND id = :id AND account_id = :ownerId AND deleted_at IS NULL`,
    { id, ownerId, now },
  );
  if (changes === 0) throw conversationNotFound(id);
}

/**
 * Marks a conversation as used, and names it after its first question. Comes first in a transaction that adds items:
 * whoever else adds some waits for the row, so positions stay unique.
 */
export async function touchConversation(
  tx: ScopedSql,
  ownerId: string,
  id: string,
  question: string | null,
  now: number,
): Promise<void> {
  const { changes } = await tx.run(
    `UPDATE conversation SET updated_at = :now, title = COALESCE(title, :title)
     WHERE workspace_id = :workspace AND id = :id AND account_id = :ownerId AND deleted_at IS NULL`,
    { id, ownerId, now, title: question === null ? null : titleFromQuestion(question) },
  );
  if (changes === 0) throw conversationNotFound(id);
}

/** Ids of the answers that are still being written or wait for their turn. */
export async function openAnswersOf(sql: ScopedSql, conversationId: string): Promise<string[]> {
  const rows = await sql.all<{ id: string }>(
    `SELECT id FROM run WHERE workspace_id = :workspace AND subject_id = :conversationId
       AND status IN ('queued', 'running') ORDER BY created_at`,
    { conversationId },
  );
  return rows.map((row) => row.id);
}

export function conversationFromRow(row: ConversationRow): Conversation {
  return {
    id: row.id,
    ownerId: row.account_id,
    title: row.title,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    activeResponseId: row.active_response_id,
  };
}

function titleFromQuestion(question: string): string {
  const line = question.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  const chars = [...line];
  if (chars.length <= MAX_TITLE_FROM_QUESTION_CHARS) return line;
  return `${chars.slice(0, MAX_TITLE_FROM_QUESTION_CHARS - 1).join('')}…`;
}

function conversationNotFound(id: string): BudaoError {
  return new BudaoError('not_found', 'conversation_not_found', `There is no conversation ${id}.`);
}
