import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { appendItems } from '../../answers/conversation-items.ts';
import {
  createConversation,
  deleteConversation,
  getConversation,
  openAnswersOf,
  touchConversation,
  updateConversation,
} from '../../answers/conversations.ts';
import { listConversations } from '../../answers/list-conversations.ts';
import { listPage } from '../../contract/openai/common.ts';
import {
  ConversationListQuery,
  CreateConversation,
  ExportQuery,
  UpdateConversation,
} from '../../contract/openai/conversations.ts';
import { deletionOf, pageOf } from '../../contract/replies/common.ts';
import { ConversationExportReply, ConversationReply } from '../../contract/replies/responses.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { madeOnce } from '../../ledger/made-once.ts';
import { scopeLedger, scopeSql } from '../../ledger/scope.ts';
import { requestCancel } from '../../runs/run-store.ts';
import { callerOf } from '../caller.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { requestMark } from '../foundation/idempotency.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { conversationObject } from './conversation-object.ts';
import { exportConversation } from './export-conversation.ts';
import { newItems } from './new-items.ts';

type ById = { Params: { id: string } };
const tag = 'Conversations';

export function conversationRoutes(dependencies: HttpDependencies): FastifyPluginAsync {
  const { ledger, runs } = dependencies;

  const create = async (request: FastifyRequest): Promise<unknown> => {
    const body = validateBody(CreateConversation, request.body);
    const { workspaceId, ownerId } = callerOf(request);
    const items = newItems(body.items ?? []);
    const now = ledgerTime();
    const mark = requestMark(request, 'conversation', body);
    const description = { ownerId, metadata: body.metadata ?? {}, title: body.title ?? null };
    const conversation = await scopeLedger(ledger, workspaceId).transaction(async (tx) => {
      const [id = ''] = await madeOnce(tx, mark, now, async () => {
        const created = await createConversation(tx, description, now);
        if (items.length === 0) return [created.id];
        const question = items.find((item) => item.role === 'user')?.text ?? null;
        await touchConversation(tx, ownerId, created.id, question, now);
        await appendItems(tx, created.id, items, now);
        return [created.id];
      });
      return getConversation(tx, ownerId, id);
    });
    return conversationObject(conversation);
  };

  const list = async (request: FastifyRequest): Promise<unknown> => {
    const { limit, after, query } = validate(ConversationListQuery, request.query);
    const { workspaceId, ownerId } = callerOf(request);
    const page = { ownerId, limit: limit + 1, after: after ?? null, query: query ?? null };
    const conversations = await listConversations(scopeSql(ledger.read, workspaceId), page);
    return listPage(conversations.map(conversationObject), limit);
  };

  /** Answers that are still being written for it are stopped. */
  const remove = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const { workspaceId, ownerId } = callerOf(request);
    const { id } = request.params;
    const stopped = await ledger.transaction(async (tx) => {
      const scoped = scopeSql(tx, workspaceId);
      const now = ledgerTime();
      await deleteConversation(scoped, ownerId, id, now);
      const open = await openAnswersOf(scoped, id);
      for (const runId of open) await requestCancel(tx, runId, now);
      return open;
    });
    for (const runId of stopped) runs.announceCancel(runId);
    return { id, object: 'conversation.deleted', deleted: true };
  };

  const download = async (request: FastifyRequest<ById>, reply: FastifyReply): Promise<unknown> => {
    const { format } = validate(ExportQuery, request.query);
    const { body, contentType, filename } = await exportConversation(
      ledger,
      callerOf(request),
      request.params.id,
      format,
    );
    return reply
      .type(contentType)
      .header('content-disposition', `attachment; filename="${filename}"`)
      .send(body);
  };

  return async (app) => {
    app.post(
      '/v1/conversations',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'Begin a conversation',
            answer: ConversationReply,
            tag,
            body: CreateConversation,
            repeatable: true,
          },
        },
      },
      create,
    );
    app.get(
      '/v1/conversations',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'List or search conversations',
            answer: pageOf(ConversationReply),
            tag,
            query: ConversationListQuery,
          },
        },
      },
      list,
    );
    app.get<ById>(
      '/v1/conversations/:id',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Read a conversation', answer: ConversationReply, tag },
        },
      },
      async (request) => {
        const { workspaceId, ownerId } = callerOf(request);
        const sql = scopeSql(ledger.read, workspaceId);
        return conversationObject(await getConversation(sql, ownerId, request.params.id));
      },
    );
    app.post<ById>(
      '/v1/conversations/:id',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Rename or tag', answer: ConversationReply, tag, body: UpdateConversation },
        },
      },
      async (request) => {
        const body = validateBody(UpdateConversation, request.body);
        const { workspaceId, ownerId } = callerOf(request);
        const change = { title: body.title, metadata: body.metadata === null ? {} : body.metadata };
        const conversation = await scopeLedger(ledger, workspaceId).transaction((tx) =>
          updateConversation(tx, ownerId, request.params.id, change),
        );
        return conversationObject(conversation);
      },
    );
    app.delete<ById>(
      '/v1/conversations/:id',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Delete a conversation', answer: deletionOf('conversation.deleted'), tag },
        },
      },
      remove,
    );
    app.get<ById>(
      '/v1/conversations/:id/export',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'Download a conversation',
            answer: ConversationExportReply,
            tag,
            query: ExportQuery,
            produces: 'text/markdown',
          },
        },
      },
      download,
    );
  };
}
