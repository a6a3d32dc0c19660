import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import { listPage } from '../../contract/openai/common.ts';
import {
  CreateVectorStoreFile,
  UpdateVectorStoreFile,
  VectorStoreFileListQuery,
} from '../../contract/openai/vector-stores.ts';
import { deletionOf, pageOf } from '../../contract/replies/common.ts';
import { VectorStoreFileReply } from '../../contract/replies/knowledge.ts';
import { requireKnowledgeBase } from '../../knowledge/library/knowledge-bases.ts';
import { listMemberships } from '../../knowledge/library/membership-rows.ts';
import {
  addDocument,
  getMembership,
  type Membership,
  reingestDocument,
  removeDocument,
  setAttributes,
} from '../../knowledge/library/memberships.ts';
import { repeatedAddition } from '../../knowledge/library/repeated-addition.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { scopeLedger, scopeSql } from '../../ledger/scope.ts';
import { requestMark } from '../foundation/idempotency.ts';
import { traceOf } from '../foundation/trace.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { announceRuns } from './announce-runs.ts';
import type { KnowledgeDependencies } from './dependencies.ts';
import { chunkingOf, vectorStoreFileObject } from './knowledge-objects.ts';
import { hintToPoll } from './poll-hint.ts';

type ById = { Params: { id: string } };
type ByFile = { Params: { id: string; file: string } };
const tag = 'Vector store files';

export function vectorStoreFileRoutes(dependencies: KnowledgeDependencies): FastifyPluginAsync {
  const { ledger, runs, blobs } = dependencies;
  const find = (request: FastifyRequest<ByFile>): Promise<Membership> =>
    getMembership(
      scopeSql(ledger.read, request.principal.workspaceId),
      request.params.id,
      request.params.file,
    );

  const add = async (request: FastifyRequest<ById>, reply: FastifyReply): Promise<unknown> => {
    const body = validateBody(CreateVectorStoreFile, request.body);
    const { workspaceId } = request.principal;
    const knowledgeBaseId = request.params.id;
    const mark = requestMark(request, 'attach', { knowledgeBaseId, body });
    const { membership, run } = await ledger.transaction(async (tx) => {
      const now = ledgerTime();
      const scoped = scopeSql(tx, workspaceId);
      const repeated = await repeatedAddition(scoped, knowledgeBaseId, mark, now);
      if (repeated !== null)
        return { run: null, membership: await getMembership(scoped, knowledgeBaseId, repeated) };
      const addition = {
        mark,
        ...traceOf(request),
        knowledgeBaseId,
        documentId: body.file_id,
        attributes: body.attributes ?? undefined,
        chunking: chunkingOf(body.chunking_strategy),
      };
      const submitted = await addDocument(tx, workspaceId, addition, now);
      return {
        run: submitted,
        membership: await getMembership(scoped, knowledgeBaseId, body.file_id),
      };
    });
    announceRuns(runs, run === null ? [] : [run]);
    hintToPoll(reply, membership.status);
    return vectorStoreFileObject(membership, await blobs.damaged());
  };

  const list = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const { limit, filter, ...page } = validate(VectorStoreFileListQuery, request.query);
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    const knowledgeBaseId = request.params.id;
    await requireKnowledgeBase(sql, knowledgeBaseId);
    const memberships = await listMemberships(sql, {
      ...page,
      knowledgeBaseId,
      status: filter,
      limit: limit + 1,
    });
    const damaged = await blobs.damaged();
    return listPage(
      memberships.map((membership) => vectorStoreFileObject(membership, damaged)),
      limit,
    );
  };

  const update = async (request: FastifyRequest<ByFile>): Promise<unknown> => {
    const { attributes } = validateBody(UpdateVectorStoreFile, request.body);
    const { id, file } = request.params;
    const membership = await scopeLedger(ledger, request.principal.workspaceId).transaction((tx) =>
      setAttributes(tx, id, file, attributes ?? {}, ledgerTime()),
    );
    return vectorStoreFileObject(membership, await blobs.damaged());
  };

  const remove = async (request: FastifyRequest<ByFile>): Promise<unknown> => {
    const { workspaceId } = request.principal;
    const { id, file } = request.params;
    const indexing = await ledger.transaction((tx) =>
      removeDocument(tx, workspaceId, id, file, ledgerTime()),
    );
    announceRuns(runs, [indexing]);
    return { id: file, object: 'vector_store.file.deleted', deleted: true };
  };

  const reingest = async (request: FastifyRequest<ByFile>, reply: FastifyReply): Promise<unknown> => {
    const { workspaceId } = request.principal;
    const { id, file } = request.params;
    if (Object.keys((request.body as object | undefined) ?? {}).length > 0)
      throw new BudaoError('invalid', 'unknown_parameter', 'Send no body, or an empty object.');
    const { membership, run } = await ledger.transaction(async (tx) => {
      const submitted = await reingestDocument(tx, workspaceId, id, file, ledgerTime());
      return { run: submitted, membership: await getMembership(scopeSql(tx, workspaceId), id, file) };
    });
    announceRuns(runs, [run]);
    hintToPoll(reply, membership.status);
    return vectorStoreFileObject(membership, await blobs.damaged());
  };

  return async (app) => {
    app.post<ById>(
      '/v1/vector_stores/:id/files',
      {
        config: {
          role: 'editor',
          operation: {
            summary: 'Add a file to a knowledge base',
            answer: VectorStoreFileReply,
            tag,
            body: CreateVectorStoreFile,
            repeatable: true,
          },
        },
      },
      add,
    );
    app.get<ById>(
      '/v1/vector_stores/:id/files',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'List the documents',
            answer: pageOf(VectorStoreFileReply),
            tag,
            query: VectorStoreFileListQuery,
          },
        },
      },
      list,
    );
    app.get<ByFile>(
      '/v1/vector_stores/:id/files/:file',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Describe a document and its progress', answer: VectorStoreFileReply, tag },
        },
      },
      async (request, reply) => {
        const membership = await find(request);
        hintToPoll(reply, membership.status);
        return vectorStoreFileObject(membership, await blobs.damaged());
      },
    );
    app.post<ByFile>(
      '/v1/vector_stores/:id/files/:file',
      {
        config: {
          role: 'editor',
          operation: {
            summary: "Change a document's attributes",
            answer: VectorStoreFileReply,
            tag,
            body: UpdateVectorStoreFile,
          },
        },
      },
      update,
    );
    app.delete<ByFile>(
      '/v1/vector_stores/:id/files/:file',
      {
        config: {
          role: 'editor',
          operation: { summary: 'Take a document out', answer: deletionOf('vector_store.file.deleted'), tag },
        },
      },
      remove,
    );
    app.post<ByFile>(
      '/v1/vector_stores/:id/files/:file/reingest',
      {
        config: {
          role: 'editor',
          operation: { summary: 'Read a document anew', answer: VectorStoreFileReply, tag },
        },
      },
      reingest,
    );
  };
}
