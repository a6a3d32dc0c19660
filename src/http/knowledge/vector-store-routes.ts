import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { listPage } from '../../contract/openai/common.ts';
import {
  CreateVectorStore,
  UpdateVectorStore,
  VectorStoreListQuery,
} from '../../contract/openai/vector-stores.ts';
import { deletionOf, pageOf } from '../../contract/replies/common.ts';
import { RebuildReply, VectorStoreReply } from '../../contract/replies/knowledge.ts';
import { usableGeneration } from '../../knowledge/ingest/generation.ts';
import { submitRebuild } from '../../knowledge/ingest/rebuild-handler.ts';
import {
  createKnowledgeBase,
  deleteKnowledgeBase,
  getKnowledgeBase,
  listKnowledgeBases,
  requireKnowledgeBase,
  updateKnowledgeBase,
} from '../../knowledge/library/knowledge-bases.ts';
import { addDocument, submitIndexing } from '../../knowledge/library/memberships.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { madeOnce } from '../../ledger/made-once.ts';
import { scopeLedger, scopeSql } from '../../ledger/scope.ts';
import { requestMark } from '../foundation/idempotency.ts';
import { traceOf } from '../foundation/trace.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { announceRuns } from './announce-runs.ts';
import type { KnowledgeDependencies } from './dependencies.ts';
import { chunkingOf, vectorStoreObject } from './knowledge-objects.ts';

type ById = { Params: { id: string } };
const tag = 'Vector stores';
const UNNAMED = 'Untitled';

export function vectorStoreRoutes(dependencies: KnowledgeDependencies): FastifyPluginAsync {
  const { ledger, runs, embedder } = dependencies;

  const create = async (request: FastifyRequest): Promise<unknown> => {
    const body = validateBody(CreateVectorStore, request.body);
    const { workspaceId } = request.principal;
    const generation = await usableGeneration(embedder);
    const now = ledgerTime();
    const chunking = chunkingOf(body.chunking_strategy);
    const trace = traceOf(request);
    const description = {
      name: body.name ?? UNNAMED,
      description: body.description,
      metadata: body.metadata ?? undefined,
      expiresAfter: body.expires_after,
      isDefault: body.is_default,
      generation,
    };
    const mark = requestMark(request, 'knowledge base', body);
    const { base, submitted } = await ledger.transaction(async (tx) => {
      const scoped = scopeSql(tx, workspaceId);
      const ingests: { kind: string }[] = [];
      const [id = ''] = await madeOnce(scoped, mark, now, async () => {
        const knowledgeBaseId = await createKnowledgeBase(scoped, description, now);
        for (const documentId of new Set(body.file_ids)) {
          const addition = { knowledgeBaseId, documentId, chunking, ...trace };
          ingests.push(await addDocument(tx, workspaceId, addition, now));
        }
        return [knowledgeBaseId];
      });
      return { base: await getKnowledgeBase(scoped, id), submitted: ingests };
    });
    announceRuns(runs, submitted);
    return vectorStoreObject(base, now);
  };

  const list = async (request: FastifyRequest): Promise<unknown> => {
    const { limit, ...page } = validate(VectorStoreListQuery, request.query);
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    const bases = await listKnowledgeBases(sql, { ...page, limit: limit + 1 });
    const now = ledgerTime();
    return listPage(
      bases.map((base) => vectorStoreObject(base, now)),
      limit,
    );
  };

  const update = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const body = validateBody(UpdateVectorStore, request.body);
    const now = ledgerTime();
    const change = {
      name: body.name ?? undefined,
      description: body.description,
      metadata: body.metadata === null ? {} : body.metadata,
      expiresAfter: body.expires_after,
      isDefault: body.is_default,
    };
    const scoped = scopeLedger(ledger, request.principal.workspaceId);
    return vectorStoreObject(await updateKnowledgeBase(scoped, request.params.id, change, now), now);
  };

  /** Its files stay; its index goes with the next index run. */
  const remove = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const { workspaceId } = request.principal;
    const { id } = request.params;
    const indexing = await ledger.transaction(async (tx) => {
      const now = ledgerTime();
      await deleteKnowledgeBase(scopeSql(tx, workspaceId), id, now);
      return submitIndexing(tx, workspaceId, id, now);
    });
    announceRuns(runs, [indexing]);
    return { id, object: 'vector_store.deleted', deleted: true };
  };

  const rebuild = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const { workspaceId } = request.principal;
    const { id } = request.params;
    const run = await ledger.transaction(async (tx) => {
      await requireKnowledgeBase(scopeSql(tx, workspaceId), id);
      return submitRebuild(tx, workspaceId, id, ledgerTime(), { isForced: true });
    });
    announceRuns(runs, [run]);
    return { id, object: 'vector_store.rebuild', run_id: run.runId };
  };

  return async (app) => {
    app.post(
      '/v1/vector_stores',
      {
        config: {
          role: 'editor',
          operation: {
            summary: 'Create a knowledge base',
            answer: VectorStoreReply,
            tag,
            body: CreateVectorStore,
            repeatable: true,
          },
        },
      },
      create,
    );
    app.get(
      '/v1/vector_stores',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'List knowledge bases',
            answer: pageOf(VectorStoreReply),
            tag,
            query: VectorStoreListQuery,
          },
        },
      },
      list,
    );
    app.get<ById>(
      '/v1/vector_stores/:id',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Describe a knowledge base', answer: VectorStoreReply, tag },
        },
      },
      async (request) => {
        const sql = scopeSql(ledger.read, request.principal.workspaceId);
        return vectorStoreObject(await getKnowledgeBase(sql, request.params.id), ledgerTime());
      },
    );
    app.post<ById>(
      '/v1/vector_stores/:id',
      {
        config: {
          role: 'editor',
          operation: {
            summary: 'Change a knowledge base',
            answer: VectorStoreReply,
            tag,
            body: UpdateVectorStore,
          },
        },
      },
      update,
    );
    app.delete<ById>(
      '/v1/vector_stores/:id',
      {
        config: {
          role: 'editor',
          operation: { summary: 'Delete a knowledge base', answer: deletionOf('vector_store.deleted'), tag },
        },
      },
      remove,
    );
    app.post<ById>(
      '/v1/vector_stores/:id/rebuild',
      {
        config: { role: 'editor', operation: { summary: 'Build the index anew', answer: RebuildReply, tag } },
      },
      rebuild,
    );
  };
}
