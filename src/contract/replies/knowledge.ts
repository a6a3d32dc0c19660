/** What the routes of files and vector stores answer. The types beside the requests are the same objects. */
import { z } from 'zod';
import { ANSWER_MODES, MODE_REASON_CODES } from '../answer.ts';
import { DOCUMENT_WARNING_CODES } from '../document-warnings.ts';
import { AttributeValues, Failure, Pairs, Seconds } from './common.ts';

export const FileReply = z
  .object({
    id: z.string(),
    object: z.literal('file'),
    bytes: z.int(),
    created_at: Seconds,
    filename: z.string(),
    purpose: z.string(),
    status: z.enum(['processed', 'error']),
    status_details: z.string().optional(),
    vector_store_ids: z.array(z.string()),
  })
  .meta({ id: 'File' });

export const FileTextReply = z
  .object({
    id: z.string(),
    filename: z.string(),
    format: z.string(),
    pages: z.int().nullable(),
    text: z.string(),
  })
  .meta({ id: 'FileText' });

const FileCounts = z
  .object({
    in_progress: z.int(),
    completed: z.int(),
    failed: z.int(),
    cancelled: z.int(),
    total: z.int(),
  })
  .meta({ id: 'FileCounts' });

export const VectorStoreReply = z
  .object({
    id: z.string(),
    object: z.literal('vector_store'),
    created_at: Seconds,
    name: z.string(),
    description: z.string().nullable(),
    usage_bytes: z.int(),
    file_counts: FileCounts,
    status: z.enum(['expired', 'in_progress', 'completed']),
    expires_after: z.object({ anchor: z.literal('last_active_at'), days: z.int() }).optional(),
    expires_at: Seconds.nullable(),
    last_active_at: Seconds,
    metadata: Pairs,
    is_default: z.boolean(),
    generation: z.object({ id: z.string(), embedder: z.string().nullable(), building: z.boolean() }),
  })
  .meta({ id: 'VectorStore' });

export const RebuildReply = z.object({
  id: z.string(),
  object: z.literal('vector_store.rebuild'),
  run_id: z.string(),
});

const SettledStatus = z.enum(['in_progress', 'completed', 'cancelled', 'failed']);

export const VectorStoreFileReply = z
  .object({
    id: z.string(),
    object: z.literal('vector_store.file'),
    created_at: Seconds,
    vector_store_id: z.string(),
    status: SettledStatus,
    usage_bytes: z.int(),
    last_error: Failure.nullable(),
    attributes: AttributeValues,
    chunking_strategy: z.object({
      type: z.literal('static'),
      static: z.object({ max_chunk_size_tokens: z.int(), chunk_overlap_tokens: z.int() }),
    }),
    filename: z.string(),
    progress: z.object({
      phase: z.enum(['queued', 'extracting', 'chunking', 'embedding', 'indexing', 'ready']),
      fraction: z.number().min(0).max(1),
    }),
    format: z.string().nullable(),
    pages: z.int().nullable(),
    chunk_count: z.int(),
    warnings: z.array(z.string()),
    warning_details: z.array(
      z.object({
        code: z.enum(DOCUMENT_WARNING_CODES).nullable(),
        message: z.string(),
        values: z.record(z.string(), z.union([z.string(), z.number()])),
      }),
    ),
    run_id: z.string().nullable(),
  })
  .meta({ id: 'VectorStoreFile' });

export const FileBatchReply = z
  .object({
    id: z.string(),
    object: z.literal('vector_store.files_batch'),
    created_at: Seconds,
    vector_store_id: z.string(),
    status: SettledStatus,
    file_counts: FileCounts,
  })
  .meta({ id: 'FileBatch' });

const TextParts = z.array(z.object({ type: z.literal('text'), text: z.string() }));

/** Where a text stands in its document. */
const place = {
  heading_path: z.array(z.string()),
  page: z.int().nullable(),
  article: z.string().nullable(),
  start: z.int(),
  end: z.int(),
};

export const FileContentReply = z.object({
  object: z.literal('vector_store.file_content.page'),
  data: TextParts,
  has_more: z.literal(false),
  next_page: z.null(),
});

export const ChunkReply = z
  .object({ id: z.string(), ordinal: z.int(), text: z.string(), ...place, tokens: z.int() })
  .meta({ id: 'Chunk' });

export const SearchReply = z.object({
  object: z.literal('vector_store.search_results.page'),
  search_query: z.array(z.string()),
  data: z.array(
    z
      .object({
        file_id: z.string(),
        filename: z.string(),
        score: z.number(),
        attributes: AttributeValues,
        content: TextParts,
        chunk_id: z.string(),
        ...place,
      })
      .meta({ id: 'SearchResult' }),
  ),
  has_more: z.literal(false),
  next_page: z.null(),
  mode: z.enum(ANSWER_MODES),
  mode_reason: z.string().nullable(),
  mode_reason_code: z.enum(MODE_REASON_CODES).nullable(),
});
