import { request, send } from './client.ts';
import type {
  Attributes,
  Chunk,
  FileText,
  KnowledgeBase,
  KnowledgeDocument,
  List,
  OriginalFile,
  SearchResult,
} from './types.ts';

const base = (id: string) => `/v1/vector_stores/${id}`;
const maxPages = 20;

export async function listKnowledgeBases(signal?: AbortSignal): Promise<KnowledgeBase[]> {
  const bases: KnowledgeBase[] = [];
  let after: string | null = null;
  for (let page = 0; page < maxPages; page += 1) {
    const list: List<KnowledgeBase> = await request('/v1/vector_stores', {
      query: { limit: 100, after },
      signal,
    });
    bases.push(...list.data);
    after = list.data.at(-1)?.id ?? null;
    if (list.has_more !== true || after === null) break;
  }
  return bases;
}

export function createKnowledgeBase(name: string, description: string): Promise<KnowledgeBase> {
  return request('/v1/vector_stores', { method: 'POST', body: describe({ name, description }) });
}

export function updateKnowledgeBase(
  id: string,
  change: { name?: string; description?: string; is_default?: true },
): Promise<KnowledgeBase> {
  return request(base(id), { method: 'POST', body: change });
}

export function deleteKnowledgeBase(id: string): Promise<unknown> {
  return request(base(id), { method: 'DELETE' });
}

export function rebuildKnowledgeBase(id: string): Promise<unknown> {
  return request(`${base(id)}/rebuild`, { method: 'POST', body: {} });
}

export function listDocuments(
  knowledgeBaseId: string,
  options: { after?: string | null; limit?: number; signal?: AbortSignal },
): Promise<List<KnowledgeDocument>> {
  const { after, limit = 100, signal } = options;
  return request(`${base(knowledgeBaseId)}/files`, { query: { limit, after, order: 'desc' }, signal });
}

export function removeDocument(knowledgeBaseId: string, fileId: string): Promise<unknown> {
  return request(`${base(knowledgeBaseId)}/files/${fileId}`, { method: 'DELETE' });
}

export function reingestDocument(knowledgeBaseId: string, fileId: string): Promise<unknown> {
  return request(`${base(knowledgeBaseId)}/files/${fileId}/reingest`, { method: 'POST', body: {} });
}

export function setAttributes(
  knowledgeBaseId: string,
  fileId: string,
  attributes: Attributes,
): Promise<unknown> {
  return request(`${base(knowledgeBaseId)}/files/${fileId}`, { method: 'POST', body: { attributes } });
}

export function listChunks(
  knowledgeBaseId: string,
  fileId: string,
  options: { after?: string | null; limit?: number; signal?: AbortSignal },
): Promise<List<Chunk>> {
  const { after, limit = 50, signal } = options;
  return request(`${base(knowledgeBaseId)}/files/${fileId}/chunks`, { query: { limit, after }, signal });
}

export function searchKnowledge(
  knowledgeBaseId: string,
  query: string,
  signal?: AbortSignal,
): Promise<List<SearchResult>> {
  return request(`${base(knowledgeBaseId)}/search`, {
    method: 'POST',
    body: { query, max_num_results: 10 },
    signal,
  });
}

export function listOriginals(options: {
  after?: string | null;
  limit?: number;
  signal?: AbortSignal;
}): Promise<List<OriginalFile>> {
  const { after, limit = 100, signal } = options;
  return request('/v1/files', { query: { limit, after, order: 'desc' }, signal });
}

export function getOriginal(fileId: string): Promise<OriginalFile> {
  return request(`/v1/files/${fileId}`);
}

/** For good, and out of every knowledge base. */
export function deleteOriginal(fileId: string): Promise<unknown> {
  return request(`/v1/files/${fileId}`, { method: 'DELETE' });
}

export function getFileText(fileId: string, signal?: AbortSignal): Promise<FileText> {
  return request(`/v1/files/${fileId}/text`, { signal });
}

export async function getFileContent(fileId: string): Promise<Blob> {
  const answer = await send(`/v1/files/${fileId}/content`);
  return await answer.blob();
}

function describe(fields: { name: string; description: string }) {
  return fields.description === '' ? { name: fields.name } : fields;
}
