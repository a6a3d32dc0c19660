import { request, send } from './client.ts';
import type { Conversation, ConversationItem, List } from './types.ts';

export function listConversations(
  options: { query?: string; after?: string | null; limit?: number; signal?: AbortSignal } = {},
): Promise<List<Conversation>> {
  const { query, after, limit = 40, signal } = options;
  return request('/v1/conversations', { query: { limit, after, query }, signal });
}

export function createConversation(idempotencyKey: string): Promise<Conversation> {
  return request('/v1/conversations', {
    method: 'POST',
    body: {},
    headers: { 'idempotency-key': idempotencyKey },
  });
}

export function renameConversation(id: string, title: string): Promise<Conversation> {
  return request(`/v1/conversations/${id}`, { method: 'POST', body: { title } });
}

export function deleteConversation(id: string): Promise<unknown> {
  return request(`/v1/conversations/${id}`, { method: 'DELETE' });
}

const pageSize = 100;
const maxPages = 50;

/** All items, oldest first. */
export async function listItems(conversationId: string, signal?: AbortSignal): Promise<ConversationItem[]> {
  const items: ConversationItem[] = [];
  let after: string | null = null;
  for (let page = 0; page < maxPages; page += 1) {
    const list: List<ConversationItem> = await request(`/v1/conversations/${conversationId}/items`, {
      query: { order: 'asc', limit: pageSize, after },
      signal,
    });
    items.push(...list.data);
    after = list.data.at(-1)?.id ?? null;
    if (list.has_more !== true || after === null) break;
  }
  return items;
}

export async function exportConversation(id: string, format: 'markdown' | 'json'): Promise<Blob> {
  const answer = await send(`/v1/conversations/${id}/export`, { query: { format } });
  return await answer.blob();
}
