import { BudaoError } from '../contract/errors.ts';
import type { ScopedSql } from '../ledger/scope.ts';

export type ItemRole = 'user' | 'assistant' | 'system' | 'developer';

/** A message of a conversation. An answer has no text of its own: its run has. */
export interface ConversationItem {
  id: string;
  conversationId: string;
  position: number;
  role: ItemRole;
  text: string | null;
  /** The answer's run; for a question, the run that answers it. */
  runId: string | null;
  createdAt: number;
}

type ItemRow = {
  id: string;
  conversation_id: string;
  position: number;
  role: ItemRole;
  content: string | null;
  run_id: string | null;
  created_at: number;
};

const COLUMNS = 'id, conversation_id, position, role, content, run_id, created_at';
const LIVING = 'workspace_id = :workspace AND conversation_id = :conversationId AND deleted_at IS NULL';

/** An item that is about to be added; a null text reserves the place of an answer. */
export interface NewItem {
  id: string;
  role: ItemRole;
  text: string | null;
  runId: string | null;
}

/** Adds items at the end. The caller has touched the conversation in the same transaction. */
export async function appendItems(
  tx: ScopedSql,
  conversationId: string,
  items: readonly NewItem[],
  now: number,
): Promise<void> {
  const last = await tx.get<{ position: number | null }>(
    `SELECT max(position) AS position FROM conversation_item
     WHERE workspace_id = :workspace AND conversation_id = :conversationId`,
    { conversationId },
  );
  let position = last?.position ?? 0;
  for (const item of items) {
    position += 1;
    await tx.run(
      `INSERT INTO conversation_item
         (id, workspace_id, conversation_id, position, type, role, content, run_id, created_at, deleted_at)
       VALUES (:id, :workspace, :conversationId, :position, 'message', :role, :content, :runId, :now, NULL)`,
      {
        id: item.id,
        conversationId,
        position,
        role: item.role,
        content: item.text === null ? null : JSON.stringify({ text: item.text }),
        runId: item.runId,
        now,
      },
    );
  }
}

/** Puts a new answer into the place of an old one. @returns false when another answer has taken it already */
export async function replaceAnswer(
  tx: ScopedSql,
  place: { conversationId: string; oldRunId: string },
  answer: { itemId: string; runId: string; question: string },
  now: number,
): Promise<boolean> {
  const { changes } = await tx.run(
    `UPDATE conversation_item SET id = :itemId, run_id = :runId, created_at = :now
     WHERE ${LIVING} AND run_id = :oldRunId AND role = 'assistant' AND content IS NULL`,
    {
      conversationId: place.conversationId,
      oldRunId: place.oldRunId,
      itemId: answer.itemId,
      runId: answer.runId,
      now,
    },
  );
  // The question belongs to the new answer now, in the words in which it was asked again.
  await tx.run(
    `UPDATE conversation_item SET run_id = :runId, content = :content
     WHERE ${LIVING} AND role = 'user' AND position = (
       SELECT max(q.position) FROM conversation_item q
       WHERE q.workspace_id = :workspace AND q.run_id = :oldRunId AND q.role = 'user' AND q.deleted_at IS NULL)`,
    {
      conversationId: place.conversationId,
      oldRunId: place.oldRunId,
      runId: answer.runId,
      content: JSON.stringify({ text: answer.question }),
    },
  );
  return changes === 1;
}

export async function listItems(
  sql: ScopedSql,
  conversationId: string,
  page: { limit: number; after: string | null; order: 'asc' | 'desc' },
): Promise<ConversationItem[]> {
  const after = page.after === null ? null : await getItem(sql, conversationId, page.after);
  const beyond = page.order === 'asc' ? 'position > :position' : 'position < :position';
  const rows = await sql.all<ItemRow>(
    `SELECT ${COLUMNS} FROM conversation_item WHERE ${LIVING} ${after === null ? '' : `AND ${beyond}`}
     ORDER BY position ${page.order === 'asc' ? 'ASC' : 'DESC'} LIMIT :limit`,
    { conversationId, limit: page.limit, ...(after === null ? {} : { position: after.position }) },
  );
  return rows.map(itemFromRow);
}

/** @throws BudaoError item_not_found */
export async function getItem(sql: ScopedSql, conversationId: string, id: string): Promise<ConversationItem> {
  const row = await sql.get<ItemRow>(
    `SELECT ${COLUMNS} FROM conversation_item WHERE ${LIVING} AND id = :id`,
    {
      conversationId,
      id,
    },
  );
  if (row === undefined) throw itemNotFound(id);
  return itemFromRow(row);
}

export async function deleteItem(
  tx: ScopedSql,
  conversationId: string,
  id: string,
  now: number,
): Promise<void> {
  const { changes } = await tx.run(
    `UPDATE conversation_item SET deleted_at = :now WHERE ${LIVING} AND id = :id`,
    { conversationId, id, now },
  );
  if (changes === 0) throw itemNotFound(id);
}

/** What stood before an answer, newest first. Null position means everything. */
export async function itemsBefore(
  sql: ScopedSql,
  conversationId: string,
  position: number | null,
  limit: number,
): Promise<ConversationItem[]> {
  const rows = await sql.all<ItemRow>(
    `SELECT ${COLUMNS} FROM conversation_item WHERE ${LIVING} AND position < :position
     ORDER BY position DESC LIMIT :limit`,
    { conversationId, position: position ?? Number.MAX_SAFE_INTEGER, limit },
  );
  return rows.map(itemFromRow);
}

/** Where an answer stands, or undefined when it was deleted from its conversation or replaced. */
export async function answerPosition(
  sql: ScopedSql,
  conversationId: string,
  runId: string,
): Promise<number | undefined> {
  const row = await sql.get<{ position: number }>(
    `SELECT position FROM conversation_item WHERE ${LIVING} AND run_id = :runId AND role = 'assistant'`,
    { conversationId, runId },
  );
  return row?.position;
}

function itemFromRow(row: ItemRow): ConversationItem {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    position: row.position,
    role: row.role,
    text: row.content === null ? null : (JSON.parse(row.content) as { text: string }).text,
    runId: row.run_id,
    createdAt: row.created_at,
  };
}

export function itemNotFound(id: string): BudaoError {
  return new BudaoError('not_found', 'item_not_found', `There is no item ${id} in this conversation.`);
}
