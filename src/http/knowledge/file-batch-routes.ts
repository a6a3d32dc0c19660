import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { listPage } from '../../contract/openai/common.ts';
import { CreateFileBatch, VectorStoreFileListQuery } from '../../contract/openai/vector-stores.ts';
import { pageOf } from '../../contract/replies/common.ts';
import { FileBatchReply, VectorStoreFileReply } from '../../contract/replies/knowledge.ts';
import { cancelFileBatch, createFileBatch, getFileBatch } from '../../knowledge/library/file-batches.ts';
import { listMemberships } from '../../knowledge/library/membership-rows.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { madeOnce } from '../../ledger/made-once.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { requestMark } from '../foundation/idempotency.ts';
import { traceOf } from '../foundation/trace.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { announceRuns } from './announce-runs.ts';
import type { KnowledgeDependencies } from './dependencies.ts';
import { chunkingOf, fileBatchObject, vectorStoreFileObject } from './knowledge-objects.ts';
import { hintToPoll } from './poll-hint.ts';

type ById = { Params: { id: string } };
type ByBatch = { Params: { id: string; batch: string } };
const tag = 'Vector store file batches';

export function fileBatchRoutes(dependencies: KnowledgeDependencies): FastifyPluginAsync {
  const { ledger, runs, blobs } = dependencies;

  const create = async (request: FastifyRequest<ById>, reply: FastifyReply): Promise<unknown> => {
    const body = validateBody(CreateFileBatch, request.body);
    const { workspaceId } = request.principal;
    const { id } = request.params;
    const { attributes, chunking_strategy } = body;
    const files =
      body.files ??
      [...new Set(body.file_ids)].map((file_id) => ({ file_id, attributes, chunking_strategy }));
    const documents = files.map((file) => ({
      documentId: file.file_id,
      ...traceOf(request),
      attributes: file.attributes ?? undefined,
      chunking: chunkingOf(file.chunking_strategy),
    }));
    const mark = requestMark(request, 'batch', { id, body });
    const { batch, submitted } = await ledger.transaction(async (tx) => {
      const scoped = scopeSql(tx, workspaceId);
      const now = ledgerTime();
      const ingests: { kind: string }[] = [];
      const [batchId = ''] = await madeOnce(scoped, mark, now, async () => {
        const created = await createFileBatch(tx, workspaceId, id, documents, now);
        ingests.push(...created.runs);
        return [created.id];
      });
      return { batch: await getFileBatch(scoped, id, batchId), submitted: ingests };
    });
    announceRuns(runs, submitted);
    const answer = fileBatchObject(batch);
    hintToPoll(reply, answer.status);
    return answer;
  };

  const describe = async (request: FastifyRequest<ByBatch>, reply: FastifyReply): Promise<unknown> => {
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    const batch = fileBatchObject(await getFileBatch(sql, request.params.id, request.params.batch));
    hintToPoll(reply, batch.status);
    return batch;
  };

  const cancel = async (request: FastifyRequest<ByBatch>): Promise<unknown> => {
    const { workspaceId } = request.principal;
    const { id, batch } = request.params;
    const stopped = await ledger.transaction((tx) =>
      cancelFileBatch(tx, workspaceId, id, batch, ledgerTime()),
    );
    for (const runId of stopped) runs.announceCancel(runId);
    return fileBatchObject(await getFileBatch(scopeSql(ledger.read, workspaceId), id, batch));
  };

  const listFiles = async (request: FastifyRequest<ByBatch>): Promise<unknown> => {
    const { limit, filter, ...page } = validate(VectorStoreFileListQuery, request.query);
    const { id, batch } = request.params;
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    await getFileBatch(sql, id, batch);
    const memberships = await listMemberships(sql, {
      ...page,
      knowledgeBaseId: id,
      batchId: batch,
      status: filter,
      limit: limit + 1,
    });
    const damaged = await blobs.damaged();
    return listPage(
      memberships.map((membership) => vectorStoreFileObject(membership, damaged)),
      limit,
    );
  };

  return async (app) => {
    app.post<ById>(
      '/v1/vector_stores/:id/file_batches',
      {
        config: {
          role: 'editor',
          operation: {
            summary: 'Add many files',
            answer: FileBatchReply,
            tag,
            body: CreateFileBatch,
            repeatable: true,
          },
        },
      },
      create,
    );
    app.get<ByBatch>(
      '/v1/vector_stores/:id/file_batches/:batch',
      { config: { role: 'reader', operation: { summary: 'Describe a batch', answer: FileBatchReply, tag } } },
      describe,
    );
    app.post<ByBatch>(
      '/v1/vector_stores/:id/file_batches/:batch/cancel',
      { config: { role: 'editor', operation: { summary: 'Stop a batch', answer: FileBatchReply, tag } } },
      cancel,
    );
    app.get<ByBatch>(
      '/v1/vector_stores/:id/file_batches/:batch/files',
      {
        config: {
          role: 'reader',
          operation: {
            summary: "List a batch's documents",
            answer: pageOf(VectorStoreFileReply),
            tag,
            query: VectorStoreFileListQuery,
          },
        },
      },
      listFiles,
    );
  };
}
