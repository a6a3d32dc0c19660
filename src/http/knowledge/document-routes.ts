/** What the OpenAI surface lacks: upload and add in one step, and a look at what was made of a document. */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import { listPage } from '../../contract/openai/common.ts';
import { ChunkListQuery, UploadDocument } from '../../contract/openai/vector-stores.ts';
import { pageOf } from '../../contract/replies/common.ts';
import { ChunkReply, FileContentReply, VectorStoreFileReply } from '../../contract/replies/knowledge.ts';
import type { Chunk } from '../../knowledge/chunk/chunk.ts';
import { type Artifact, loadArtifact } from '../../knowledge/ingest/artifact.ts';
import { createDocument } from '../../knowledge/library/documents.ts';
import { requireKnowledgeBase } from '../../knowledge/library/knowledge-bases.ts';
import { addDocument, getMembership } from '../../knowledge/library/memberships.ts';
import { repeatedAddition } from '../../knowledge/library/repeated-addition.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { requestMark } from '../foundation/idempotency.ts';
import { traceOf } from '../foundation/trace.ts';
import { validate } from '../foundation/validate.ts';
import { announceRuns } from './announce-runs.ts';
import type { KnowledgeDependencies } from './dependencies.ts';
import { chunkingOf, vectorStoreFileObject } from './knowledge-objects.ts';
import { hintToPoll } from './poll-hint.ts';
import { receiveUpload } from './receive-upload.ts';
import type { UploadSlots } from './upload-slots.ts';

type ById = { Params: { id: string } };
type ByFile = { Params: { id: string; file: string } };
const tag = 'Documents';

export function documentRoutes(dependencies: KnowledgeDependencies, slots: UploadSlots): FastifyPluginAsync {
  const { ledger, blobs, derived, runs, maxUploadBytes } = dependencies;

  const upload = async (request: FastifyRequest<ById>, reply: FastifyReply): Promise<unknown> => {
    const { workspaceId, accountId } = request.principal;
    const knowledgeBaseId = request.params.id;
    await requireKnowledgeBase(scopeSql(ledger.read, workspaceId), knowledgeBaseId);
    const { fields, filename, sha256, bytes } = await slots.during(workspaceId, () =>
      receiveUpload(request, { blobs, maxBytes: maxUploadBytes, fields: UploadDocument }),
    );
    const mark = requestMark(request, 'upload', { knowledgeBaseId, filename, sha256, fields });
    const { membership, run } = await ledger.transaction(async (tx) => {
      const now = ledgerTime();
      const scoped = scopeSql(tx, workspaceId);
      const repeated = await repeatedAddition(scoped, knowledgeBaseId, mark, now);
      if (repeated !== null)
        return { run: null, membership: await getMembership(scoped, knowledgeBaseId, repeated) };
      const description = { filename, sha256, bytes, purpose: 'assistants', accountId };
      const { id: documentId } = await createDocument(scoped, description, now);
      const addition = {
        mark,
        ...traceOf(request),
        knowledgeBaseId,
        documentId,
        attributes: fields.attributes,
        chunking: chunkingOf(fields.chunking_strategy),
        replaces: fields.replaces,
      };
      const submitted = await addDocument(tx, workspaceId, addition, now);
      return { run: submitted, membership: await getMembership(scoped, knowledgeBaseId, documentId) };
    });
    announceRuns(runs, run === null ? [] : [run]);
    hintToPoll(reply, membership.status);
    return vectorStoreFileObject(membership, await blobs.damaged());
  };

  const artifactOf = async (request: FastifyRequest<ByFile>): Promise<Artifact | null> => {
    const { id, file } = request.params;
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    const { summary } = await getMembership(sql, id, file);
    return summary.artifact === undefined ? null : loadArtifact(derived, summary.artifact);
  };

  const listChunks = async (request: FastifyRequest<ByFile>): Promise<unknown> => {
    const { limit, after } = validate(ChunkListQuery, request.query);
    const chunks = (await artifactOf(request))?.chunks ?? [];
    const start = after === undefined ? 0 : chunks.findIndex((chunk) => chunk.id === after) + 1;
    // From the front again a reader would never come to the end.
    if (after !== undefined && start === 0) throw cursorLost(after);
    return listPage(chunks.slice(start, start + limit + 1).map(chunkObject), limit);
  };

  const content = async (request: FastifyRequest<ByFile>): Promise<unknown> => {
    const text = (await artifactOf(request))?.text;
    return {
      object: 'vector_store.file_content.page',
      data: text === undefined ? [] : [{ type: 'text', text }],
      has_more: false,
      next_page: null,
    };
  };

  return async (app) => {
    app.post<ById>(
      '/v1/vector_stores/:id/documents',
      {
        config: {
          role: 'editor',
          operation: {
            summary: 'Upload and add a file',
            answer: VectorStoreFileReply,
            tag,
            form: UploadDocument,
            repeatable: true,
          },
        },
      },
      upload,
    );
    app.get<ByFile>(
      '/v1/vector_stores/:id/files/:file/chunks',
      {
        config: {
          role: 'reader',
          operation: {
            summary: "List a document's chunks",
            answer: pageOf(ChunkReply),
            tag,
            query: ChunkListQuery,
          },
        },
      },
      listChunks,
    );
    app.get<ByFile>(
      '/v1/vector_stores/:id/files/:file/content',
      {
        config: {
          role: 'reader',
          operation: { summary: "Read a document's text", answer: FileContentReply, tag },
        },
      },
      content,
    );
  };
}

function cursorLost(after: string): BudaoError {
  return new BudaoError(
    'invalid',
    'invalid_cursor',
    `There is no chunk ${after} to continue after: the document was read anew. Begin with the first page.`,
    { param: 'after' },
  );
}

function chunkObject(chunk: Chunk) {
  return {
    id: chunk.id,
    ordinal: chunk.ordinal,
    text: chunk.text,
    heading_path: chunk.headingPath,
    page: chunk.page,
    article: chunk.article,
    start: chunk.start,
    end: chunk.end,
    tokens: chunk.tokens,
  };
}
