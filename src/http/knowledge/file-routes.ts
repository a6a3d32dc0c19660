import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import { listPage } from '../../contract/openai/common.ts';
import { CreateFile, FileListQuery, type FileText } from '../../contract/openai/files.ts';
import { deletionOf, pageOf } from '../../contract/replies/common.ts';
import { FileReply, FileTextReply } from '../../contract/replies/knowledge.ts';
import { loadArtifact } from '../../knowledge/ingest/artifact.ts';
import {
  createDocument,
  deleteDocument,
  getDocument,
  listDocuments,
} from '../../knowledge/library/documents.ts';
import { knowledgeBasesByDocument, membershipsOf } from '../../knowledge/library/membership-rows.ts';
import { submitIndexing } from '../../knowledge/library/memberships.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { madeOnce } from '../../ledger/made-once.ts';
import { scopeLedger, scopeSql } from '../../ledger/scope.ts';
import { requestMark } from '../foundation/idempotency.ts';
import { validate } from '../foundation/validate.ts';
import { announceRuns } from './announce-runs.ts';
import { attachment } from './content-disposition.ts';
import type { KnowledgeDependencies } from './dependencies.ts';
import { fileObject } from './knowledge-objects.ts';
import { receiveUpload } from './receive-upload.ts';
import type { UploadSlots } from './upload-slots.ts';

type ById = { Params: { id: string } };
const tag = 'Files';

export function fileRoutes(dependencies: KnowledgeDependencies, slots: UploadSlots): FastifyPluginAsync {
  const { ledger, blobs, derived, runs, maxUploadBytes } = dependencies;

  const create = async (request: FastifyRequest): Promise<unknown> => {
    const { workspaceId, accountId } = request.principal;
    const { filename, sha256, bytes, fields } = await slots.during(workspaceId, () =>
      receiveUpload(request, { blobs, maxBytes: maxUploadBytes, fields: CreateFile }),
    );
    const mark = requestMark(request, 'file', { filename, sha256, fields });
    const { document, holders } = await scopeLedger(ledger, workspaceId).transaction(async (tx) => {
      const now = ledgerTime();
      const description = { filename, sha256, bytes, purpose: fields.purpose, accountId };
      const [id = ''] = await madeOnce(tx, mark, now, async () => [
        (await createDocument(tx, description, now)).id,
      ]);
      const stored = await getDocument(tx, id);
      return { document: stored, holders: await knowledgeBasesByDocument(tx, [stored]) };
    });
    return fileObject(document, await blobs.damaged(), holders.get(document.id) ?? []);
  };

  const list = async (request: FastifyRequest): Promise<unknown> => {
    const { limit, ...page } = validate(FileListQuery, request.query);
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    const documents = await listDocuments(sql, { ...page, limit: limit + 1 });
    const damaged = await blobs.damaged();
    const holders = await knowledgeBasesByDocument(sql, documents);
    return listPage(
      documents.map((document) => fileObject(document, damaged, holders.get(document.id) ?? [])),
      limit,
    );
  };

  const describe = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    const document = await getDocument(sql, request.params.id);
    const holders = await knowledgeBasesByDocument(sql, [document]);
    return fileObject(document, await blobs.damaged(), holders.get(document.id) ?? []);
  };

  const content = async (request: FastifyRequest<ById>, reply: FastifyReply): Promise<unknown> => {
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    const document = await getDocument(sql, request.params.id);
    const bytes = await blobs.open(document.sha256);
    // Never shown by a browser as a page of this origin, whatever is in it.
    return reply
      .type('application/octet-stream')
      .header('content-length', String(document.bytes))
      .header('content-disposition', attachment(document.filename))
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'private, no-cache')
      .send(bytes);
  };

  /** The text as it was read for the knowledge base that has it newest. */
  const text = async (request: FastifyRequest<ById>): Promise<FileText> => {
    const sql = scopeSql(ledger.read, request.principal.workspaceId);
    const { id, filename } = await getDocument(sql, request.params.id);
    const memberships = await membershipsOf(sql, id);
    const artifact = memberships.find(({ summary }) => summary.artifact !== undefined)?.summary.artifact;
    if (artifact === undefined) throw documentNotReady(id, memberships.length > 0);
    const { format, pages, text: content } = await loadArtifact(derived, artifact);
    return { id, filename, format, pages, text: content };
  };

  const remove = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const { workspaceId } = request.principal;
    const { id } = request.params;
    const submitted = await ledger.transaction(async (tx) => {
      const now = ledgerTime();
      const knowledgeBaseIds = await deleteDocument(scopeSql(tx, workspaceId), id, now);
      const indexing = [];
      for (const knowledgeBaseId of knowledgeBaseIds)
        indexing.push(await submitIndexing(tx, workspaceId, knowledgeBaseId, now));
      return indexing;
    });
    announceRuns(runs, submitted);
    return { id, object: 'file', deleted: true };
  };

  return async (app) => {
    app.post(
      '/v1/files',
      {
        config: {
          role: 'editor',
          operation: { summary: 'Upload a file', answer: FileReply, tag, form: CreateFile, repeatable: true },
        },
      },
      create,
    );
    app.get(
      '/v1/files',
      {
        config: {
          role: 'reader',
          operation: { summary: 'List files', answer: pageOf(FileReply), tag, query: FileListQuery },
        },
      },
      list,
    );
    app.get<ById>(
      '/v1/files/:id',
      { config: { role: 'reader', operation: { summary: 'Describe a file', answer: FileReply, tag } } },
      describe,
    );
    app.get<ById>(
      '/v1/files/:id/content',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Download a file', tag, produces: 'application/octet-stream' },
        },
      },
      content,
    );
    app.get<ById>(
      '/v1/files/:id/text',
      {
        config: { role: 'reader', operation: { summary: "Read a file's text", answer: FileTextReply, tag } },
      },
      text,
    );
    app.delete<ById>(
      '/v1/files/:id',
      {
        config: {
          role: 'editor',
          operation: { summary: 'Delete a file everywhere', answer: deletionOf('file'), tag },
        },
      },
      remove,
    );
  };
}

function documentNotReady(id: string, isInKnowledgeBase: boolean): BudaoError {
  const remedy = isInKnowledgeBase
    ? 'Wait until it has been read, or see the reason why it could not be.'
    : 'Add it to a knowledge base first.';
  return new BudaoError('conflict', 'document_not_ready', `The text of '${id}' is not there yet. ${remedy}`, {
    param: 'file_id',
  });
}
