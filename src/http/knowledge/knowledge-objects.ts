/** The API's objects, made from the domain's. */
import { asDocumentWarning } from '../../contract/document-warnings.ts';
import type { FileObject } from '../../contract/openai/files.ts';
import type {
  ChunkingStrategy,
  FileBatchObject,
  SearchResultObject,
  VectorStoreFileObject,
  VectorStoreObject,
} from '../../contract/openai/vector-stores.ts';
import { DAMAGED_ORIGINAL } from '../../knowledge/extract/refusals.ts';
import type { Document } from '../../knowledge/library/documents.ts';
import { expiresAt, isExpired } from '../../knowledge/library/expiry.ts';
import type { FileBatch } from '../../knowledge/library/file-batches.ts';
import type { KnowledgeBase } from '../../knowledge/library/knowledge-bases.ts';
import type { Chunking, Membership } from '../../knowledge/library/memberships.ts';
import type { RetrievedHit } from '../../knowledge/retrieve/retrieve.ts';

/** `damaged` holds the hashes of the stored contents that were seen damaged. */
export function fileObject(
  document: Document,
  damaged: ReadonlySet<string>,
  knowledgeBaseIds: readonly string[],
): FileObject {
  const isDamaged = damaged.has(document.sha256);
  return {
    id: document.id,
    object: 'file',
    bytes: document.bytes,
    created_at: seconds(document.createdAt),
    filename: document.filename,
    purpose: document.purpose,
    status: isDamaged ? 'error' : 'processed',
    ...(isDamaged ? { status_details: DAMAGED_ORIGINAL } : {}),
    vector_store_ids: [...knowledgeBaseIds],
  };
}

export function vectorStoreObject(base: KnowledgeBase, now: number): VectorStoreObject {
  const { counts } = base;
  const expiry = expiresAt(base);
  const status = counts.inProgress > 0 ? 'in_progress' : 'completed';
  return {
    id: base.id,
    object: 'vector_store',
    created_at: seconds(base.createdAt),
    name: base.name,
    description: base.description,
    usage_bytes: counts.bytes,
    file_counts: {
      in_progress: counts.inProgress,
      completed: counts.completed,
      failed: counts.failed,
      cancelled: counts.cancelled,
      total: counts.inProgress + counts.completed + counts.failed + counts.cancelled,
    },
    status: isExpired(base, now) ? 'expired' : status,
    ...(base.expiresAfter === null ? {} : { expires_after: base.expiresAfter }),
    expires_at: expiry === null ? null : seconds(expiry),
    last_active_at: seconds(base.activeAt),
    metadata: base.metadata,
    is_default: base.isDefault,
    generation: {
      id: base.generation.id,
      embedder: base.generation.embedder,
      building: base.nextGeneration !== null,
    },
  };
}

export function vectorStoreFileObject(
  membership: Membership,
  damaged: ReadonlySet<string>,
): VectorStoreFileObject {
  const { summary, chunking } = membership;
  const warnings = (summary.warnings ?? []).map(asDocumentWarning);
  if (damaged.has(membership.sha256)) {
    warnings.push({ code: 'original_damaged', message: DAMAGED_ORIGINAL, values: {} });
  }
  return {
    id: membership.documentId,
    object: 'vector_store.file',
    created_at: seconds(membership.createdAt),
    vector_store_id: membership.knowledgeBaseId,
    status: membership.status,
    usage_bytes: membership.bytes,
    last_error: membership.failure,
    attributes: membership.attributes,
    chunking_strategy: {
      type: 'static',
      static: { max_chunk_size_tokens: chunking.maxTokens, chunk_overlap_tokens: chunking.overlapTokens },
    },
    filename: membership.filename,
    progress: { phase: summary.phase, fraction: summary.fraction },
    format: summary.format ?? null,
    pages: summary.pages ?? null,
    chunk_count: membership.chunks,
    warnings: warnings.map(({ message }) => message),
    warning_details: warnings,
    run_id: membership.runId,
  };
}

export function fileBatchObject(batch: FileBatch): FileBatchObject {
  const { counts } = batch;
  const settled = batch.cancelledAt === null ? 'completed' : 'cancelled';
  return {
    id: batch.id,
    object: 'vector_store.files_batch',
    created_at: seconds(batch.createdAt),
    vector_store_id: batch.knowledgeBaseId,
    status: counts.in_progress > 0 ? 'in_progress' : settled,
    file_counts: { ...counts, total: Object.values(counts).reduce((sum, count) => sum + count, 0) },
  };
}

export function searchResultObject(hit: RetrievedHit): SearchResultObject {
  const { chunk } = hit;
  return {
    file_id: chunk.documentId,
    filename: hit.filename,
    score: hit.score,
    attributes: hit.attributes,
    content: [{ type: 'text', text: chunk.text }],
    chunk_id: chunk.id,
    heading_path: chunk.headingPath,
    page: chunk.page,
    article: chunk.article,
    start: chunk.start,
    end: chunk.end,
  };
}

/** Undefined leaves it to the default. */
export function chunkingOf(strategy: ChunkingStrategy | null | undefined): Chunking | undefined {
  if (strategy?.type !== 'static') return undefined;
  return {
    maxTokens: strategy.static.max_chunk_size_tokens,
    overlapTokens: strategy.static.chunk_overlap_tokens,
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
