import type { Caller } from '../../answers/caller.ts';
import { listItems } from '../../answers/conversation-items.ts';
import { getConversation } from '../../answers/conversations.ts';
import { ratingsOf } from '../../answers/feedback.ts';
import type { FileCitation } from '../../contract/openai/response-object.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { MAX_ITEMS_PER_EXPORT } from '../limits.ts';
import {
  type ConversationObject,
  conversationObject,
  type ItemObject,
  itemObjects,
} from './conversation-object.ts';

const SPEAKERS: Readonly<Record<ItemObject['role'], string>> = {
  user: 'Question',
  assistant: 'Answer',
  system: 'System',
  developer: 'System',
};

/** A whole conversation as a file: Markdown to read, JSON to process. */
export async function exportConversation(
  ledger: Ledger,
  caller: Caller,
  id: string,
  format: 'markdown' | 'json',
): Promise<{ body: string; contentType: string; filename: string }> {
  const sql = scopeSql(ledger.read, caller.workspaceId);
  const conversation = conversationObject(await getConversation(sql, caller.ownerId, id));
  const stored = await listItems(sql, id, { limit: MAX_ITEMS_PER_EXPORT, after: null, order: 'asc' });
  const ratings = await ratingsOf(sql, caller.ownerId, id);
  const items = await itemObjects(ledger.read, caller, stored, ratings);
  if (format === 'json') {
    const body = `${JSON.stringify({ conversation, items }, null, 2)}\n`;
    return { body, contentType: 'application/json; charset=utf-8', filename: `${id}.json` };
  }
  const body = markdown(conversation, items);
  return { body, contentType: 'text/markdown; charset=utf-8', filename: `${id}.md` };
}

function markdown(conversation: ConversationObject, items: readonly ItemObject[]): string {
  const sections = items.map((item) => {
    const when = new Date(item.created_at * 1000).toISOString();
    const text = item.content.map((part) => part.text).join('\n');
    const citations = item.content.flatMap((part) => (part.type === 'output_text' ? part.annotations : []));
    const mode = item.mode === undefined || item.mode === null ? '' : ` · ${item.mode}`;
    return [`## ${SPEAKERS[item.role]}`, `*${when}${mode}*`, text, ...sources(citations)].join('\n\n');
  });
  return `${[`# ${conversation.title ?? conversation.id}`, ...sections].join('\n\n')}\n`;
}

function sources(citations: readonly FileCitation[]): string[] {
  if (citations.length === 0) return [];
  const lines = citations.map((citation) => {
    const page = citation.page === null ? '' : `, p. ${citation.page}`;
    const place = [...citation.heading_path, ...(citation.article === null ? [] : [citation.article])];
    return `- ${citation.filename}${place.length === 0 ? '' : ` › ${place.join(' › ')}`}${page}`;
  });
  return [['Sources:', ...new Set(lines)].join('\n')];
}
