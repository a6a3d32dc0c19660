import { createHash } from 'node:crypto';
import type { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const DOCUMENT = '# 年假\n\n第一条 职工每年享有 15 天年假。\n\n第二条 病假需要医院证明。\n';
export const QUESTION = '职工每年享有多少天年假？';
const SETTLE_DEADLINE_MS = 30_000;

export interface VectorStoreFile {
  id: string;
  status: string;
  filename: string;
  warnings: string[];
  chunk_count: number;
  last_error: { code: string; message: string } | null;
}

/** A document, a knowledge base and a conversation that no bad input may touch. */
export class StoredBefore {
  readonly service: Service;
  readonly knowledgeBaseId: string;
  readonly documentId: string;
  readonly conversationId: string;

  private constructor(
    service: Service,
    ids: { knowledgeBase: string; document: string; conversation: string },
  ) {
    this.service = service;
    this.knowledgeBaseId = ids.knowledgeBase;
    this.documentId = ids.document;
    this.conversationId = ids.conversation;
  }

  static async create(service: Service): Promise<StoredBefore> {
    const { id: knowledgeBase } = await service.json<{ id: string }>('POST', '/v1/vector_stores', {
      name: '制度',
      is_default: true,
    });
    const { id: document } = await upload(service, knowledgeBase, '年假.md', DOCUMENT);
    const { status, last_error: reason } = await settled(service, knowledgeBase, document);
    if (status !== 'completed') throw new Error(`the document was not taken in: ${JSON.stringify(reason)}`);
    const { id: conversation } = await service.json<{ id: string }>('POST', '/v1/conversations', {});
    await service.json('POST', '/v1/responses', { model: 'extractive', input: QUESTION, conversation });
    return new StoredBefore(service, { knowledgeBase, document, conversation });
  }

  /** The same things after a restart. */
  static of(
    service: Service,
    ids: { knowledgeBaseId: string; documentId: string; conversationId: string },
  ): StoredBefore {
    return new StoredBefore(service, {
      knowledgeBase: ids.knowledgeBaseId,
      document: ids.documentId,
      conversation: ids.conversationId,
    });
  }

  /** The hash of all that people would miss: bytes, text, passages, questions and answers. */
  async fingerprint(): Promise<string> {
    const { service, knowledgeBaseId, documentId, conversationId } = this;
    const hash = createHash('sha256');
    for (const path of [
      `/v1/files/${documentId}/content`,
      `/v1/files/${documentId}/text`,
      `/v1/vector_stores/${knowledgeBaseId}/files/${documentId}/chunks`,
      `/v1/conversations/${conversationId}/items`,
    ]) {
      const response = await service.request('GET', path);
      const body = Buffer.from(await response.arrayBuffer());
      if (!response.ok) throw new Error(`${path}: ${response.status} ${body.toString()}`);
      hash.update(body);
    }
    return hash.digest('hex');
  }

  /** Finds the document again, in whatever mode. */
  async findsPassage(): Promise<boolean> {
    const found = await this.service.json<{ data: { file_id: string }[] }>(
      'POST',
      `/v1/vector_stores/${this.knowledgeBaseId}/search`,
      { query: QUESTION },
    );
    return found.data.some((hit) => hit.file_id === this.documentId);
  }
}

export function formOf(
  filename: string,
  content: string | Uint8Array,
  fields: Record<string, string> = {},
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([content as Uint8Array<ArrayBuffer>]), filename);
  return form;
}

export function upload(
  service: Service,
  knowledgeBaseId: string,
  filename: string,
  content: string | Uint8Array,
): Promise<VectorStoreFile> {
  return service.json('POST', `/v1/vector_stores/${knowledgeBaseId}/documents`, formOf(filename, content));
}

/** The document once it is ready or refused. */
export async function settled(
  service: Service,
  knowledgeBaseId: string,
  documentId: string,
): Promise<VectorStoreFile> {
  let file: VectorStoreFile | undefined;
  await until(
    async () => {
      file = await service.json('GET', `/v1/vector_stores/${knowledgeBaseId}/files/${documentId}`);
      return file?.status !== 'in_progress';
    },
    SETTLE_DEADLINE_MS,
    () => `never settled: ${JSON.stringify(file)}`,
  );
  return file as VectorStoreFile;
}
