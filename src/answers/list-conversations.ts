import type { AnswerResult } from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import { normalise } from '../knowledge/text/normalise.ts';
import type { ScopedSql } from '../ledger/scope.ts';
import {
  CONVERSATION_COLUMNS,
  type Conversation,
  type ConversationRow,
  conversationFromRow,
} from './conversations.ts';
import { mentionPattern } from './mention-pattern.ts';

/** A search looks at the newest conversations up to here. */
const MAX_SEARCHED_CONVERSATIONS = 2_000;
/** Those of one read are searched by one statement: enough for few statements, few enough to hold what they answer. */
const CANDIDATES_PER_READ = 50;

interface Cursor {
  updatedAt: number;
  id: string;
}

/** The owner's conversations, newest first; with a query only those whose title or texts contain it. */
export async function listConversations(
  sql: ScopedSql,
  request: { ownerId: string; limit: number; after: string | null; query: string | null },
): Promise<Conversation[]> {
  const { ownerId, limit } = request;
  const query = normalise(request.query?.trim() ?? '');
  let cursor = request.after === null ? null : await cursorAt(sql, ownerId, request.after);
  if (query === '') return readPage(sql, ownerId, cursor, limit);
  const found: Conversation[] = [];
  for (let searched = 0; searched < MAX_SEARCHED_CONVERSATIONS; searched += CANDIDATES_PER_READ) {
    const candidates = await readPage(sql, ownerId, cursor, CANDIDATES_PER_READ);
    const mentioning = await mentions(sql, candidates, query);
    found.push(...candidates.filter(({ id }) => mentioning.has(id)).slice(0, limit - found.length));
    if (found.length === limit) return found;
    const last = candidates.at(-1);
    if (last === undefined || candidates.length < CANDIDATES_PER_READ) break;
    cursor = { updatedAt: last.updatedAt, id: last.id };
  }
  return found;
}

async function readPage(
  sql: ScopedSql,
  ownerId: string,
  cursor: Cursor | null,
  limit: number,
): Promise<Conversation[]> {
  const beyond = 'AND (c.updated_at < :updatedAt OR (c.updated_at = :updatedAt AND c.id < :afterId))';
  const rows = await sql.all<ConversationRow>(
    `SELECT ${CONVERSATION_COLUMNS} FROM conversation c
     WHERE c.workspace_id = :workspace AND c.account_id = :ownerId AND c.deleted_at IS NULL
       ${cursor === null ? '' : beyond}
     ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit`,
    { ownerId, limit, ...(cursor === null ? {} : { updatedAt: cursor.updatedAt, afterId: cursor.id }) },
  );
  return rows.map(conversationFromRow);
}

async function cursorAt(sql: ScopedSql, ownerId: string, id: string): Promise<Cursor> {
  const row = await sql.get<{ updated_at: number }>(
    `SELECT updated_at FROM conversation WHERE workspace_id = :workspace AND id = :id AND account_id = :ownerId`,
    { id, ownerId },
  );
  if (row === undefined) {
    throw new BudaoError('invalid', 'invalid_cursor', `There is no conversation ${id} to continue after.`, {
      param: 'after',
    });
  }
  return { updatedAt: row.updated_at, id };
}

/**
 * SQL narrows down, on JSON as it is stored; what counts is the text itself, not the names of JSON fields, in either
 * script and width.
 */
async function mentions(
  sql: ScopedSql,
  conversations: readonly Conversation[],
  query: string,
): Promise<ReadonlySet<string>> {
  const isTitled = ({ title }: Conversation) => title !== null && normalise(title).includes(query);
  const [titled, others] = [conversations.filter(isTitled), conversations.filter((one) => !isTitled(one))];
  const mentioning = new Set(titled.map(({ id }) => id));
  if (others.length === 0) return mentioning;
  const ids = Object.fromEntries(others.map(({ id }, at) => [`conversation${at}`, id]));
  const names = Object.keys(ids).map((name) => `:${name}`);
  const rows = await sql.all<{ conversation_id: string; content: string | null; result: string | null }>(
    `SELECT i.conversation_id, i.content, r.result FROM conversation_item i
     LEFT JOIN run r ON r.id = i.run_id AND r.workspace_id = :workspace AND i.content IS NULL
     WHERE i.workspace_id = :workspace AND i.deleted_at IS NULL AND i.conversation_id IN (${names.join(', ')})
       AND (lower(i.content) LIKE :pattern ESCAPE '!' OR lower(r.result) LIKE :pattern ESCAPE '!')`,
    { ...ids, pattern: mentionPattern(query) },
  );
  for (const { conversation_id: id, content, result } of rows) {
    const json = content ?? result;
    if (json === null || mentioning.has(id)) continue;
    if (normalise((JSON.parse(json) as Pick<AnswerResult, 'text'>).text).includes(query)) mentioning.add(id);
  }
  return mentioning;
}
