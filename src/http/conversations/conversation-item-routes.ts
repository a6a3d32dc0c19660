import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import {
  appendItems,
  deleteItem,
  getItem,
  itemNotFound,
  listItems,
} from '../../answers/conversation-items.ts';
import { getConversation, touchConversation } from '../../answers/conversations.ts';
import { ratingsOf } from '../../answers/feedback.ts';
import { listPage, PageQuery } from '../../contract/openai/common.ts';
import { CreateItems } from '../../contract/openai/conversations.ts';
import { pageOf } from '../../contract/replies/common.ts';
import { ConversationItemReply, ConversationReply } from '../../contract/replies/responses.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { madeOnce } from '../../ledger/made-once.ts';
import { scopeLedger, scopeSql } from '../../ledger/scope.ts';
import { callerOf } from '../caller.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { requestMark } from '../foundation/idempotency.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { conversationObject, itemObject, itemObjects } from './conversation-object.ts';
import { newItems } from './new-items.ts';

type ById = { Params: { id: string } };
type ByItem = { Params: { id: string; item: string } };
const tag = 'Conversations';

export function conversationItemRoutes(dependencies: HttpDependencies): FastifyPluginAsync {
  const { ledger } = dependencies;

  const list = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const { limit, after, order } = validate(PageQuery, request.query);
    const caller = callerOf(request);
    const sql = scopeSql(ledger.read, caller.workspaceId);
    const { id } = await getConversation(sql, caller.ownerId, request.params.id);
    const items = await listItems(sql, id, { limit: limit + 1, after: after ?? null, order });
    const ratings = await ratingsOf(sql, caller.ownerId, id);
    const shown = await itemObjects(ledger.read, caller, items.slice(0, limit), ratings);
    return { ...listPage(shown, limit), has_more: items.length > limit };
  };

  const create = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const body = validateBody(CreateItems, request.body);
    const caller = callerOf(request);
    const items = newItems(body.items);
    const now = ledgerTime();
    const question = items.find((item) => item.role === 'user')?.text ?? null;
    const { id } = request.params;
    const mark = requestMark(request, 'items', { id, body });
    const added = await scopeLedger(ledger, caller.workspaceId).transaction(async (tx) => {
      const ids = await madeOnce(tx, mark, now, async () => {
        await touchConversation(tx, caller.ownerId, id, question, now);
        await appendItems(tx, id, items, now);
        return items.map((item) => item.id);
      });
      await getConversation(tx, caller.ownerId, id);
      const stored = [];
      for (const itemId of ids) stored.push(await getItem(tx, id, itemId));
      return stored;
    });
    return listPage(await itemObjects(ledger.read, caller, added, new Map()), items.length);
  };

  const retrieve = async (request: FastifyRequest<ByItem>): Promise<unknown> => {
    const caller = callerOf(request);
    const sql = scopeSql(ledger.read, caller.workspaceId);
    const { id } = await getConversation(sql, caller.ownerId, request.params.id);
    const item = await getItem(sql, id, request.params.item);
    const object = await itemObject(ledger.read, caller, item, await ratingsOf(sql, caller.ownerId, id));
    if (object === null) throw itemNotFound(item.id);
    return object;
  };

  const remove = async (request: FastifyRequest<ByItem>): Promise<unknown> => {
    const caller = callerOf(request);
    const conversation = await scopeLedger(ledger, caller.workspaceId).transaction(async (tx) => {
      const found = await getConversation(tx, caller.ownerId, request.params.id);
      await deleteItem(tx, found.id, request.params.item, ledgerTime());
      return found;
    });
    return conversationObject(conversation);
  };

  return async (app) => {
    app.get<ById>(
      '/v1/conversations/:id/items',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'List the messages',
            answer: pageOf(ConversationItemReply),
            tag,
            query: PageQuery,
          },
        },
      },
      list,
    );
    app.post<ById>(
      '/v1/conversations/:id/items',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'Add messages',
            answer: pageOf(ConversationItemReply),
            tag,
            body: CreateItems,
            repeatable: true,
          },
        },
      },
      create,
    );
    app.get<ByItem>(
      '/v1/conversations/:id/items/:item',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Read a message', answer: ConversationItemReply, tag },
        },
      },
      retrieve,
    );
    app.delete<ByItem>(
      '/v1/conversations/:id/items/:item',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Delete a message', answer: ConversationReply, tag },
        },
      },
      remove,
    );
  };
}
