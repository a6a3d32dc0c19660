import { z } from 'zod';
import type { DocumentWarning } from '../document-warnings.ts';
import { Line, Lines, Metadata, PageQuery } from './common.ts';

/** OpenAI's limits. */
const MAX_FILES_PER_BATCH = 2_000;
const MAX_QUERIES = 10;
const MAX_QUERY_CHARACTERS = 8_192;

export const Attributes = z
  .record(Line.min(1).max(64), z.union([Lines.max(512), z.number(), z.boolean()]))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'attributes have at most 16 keys');

export const ChunkingStrategy = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto') }),
  z.strictObject({
    type: z.literal('static'),
    static: z
      .strictObject({
        max_chunk_size_tokens: z.int().min(100).max(4_096),
        chunk_overlap_tokens: z.int().min(0),
      })
      .refine((sizes) => sizes.chunk_overlap_tokens * 2 <= sizes.max_chunk_size_tokens, {
        message: 'the overlap is at most half of max_chunk_size_tokens',
        path: ['chunk_overlap_tokens'],
      }),
  }),
]);
export type ChunkingStrategy = z.infer<typeof ChunkingStrategy>;

const ExpiresAfter = z.strictObject({ anchor: z.literal('last_active_at'), days: z.int().min(1).max(365) });
const Name = Line.trim().min(1).max(256);
const Description = Lines.max(2_000);
const FileIds = z.array(z.string().min(1).max(200)).max(MAX_FILES_PER_BATCH);

export const CreateVectorStore = z
  .strictObject({
    name: Name.nullish(),
    description: Description.nullish(),
    file_ids: FileIds.nullish(),
    chunking_strategy: ChunkingStrategy.nullish(),
    expires_after: ExpiresAfter.nullish(),
    metadata: Metadata.nullish(),
    is_default: z.literal(true).optional(),
  })
  .meta({ id: 'CreateVectorStore' });

export const UpdateVectorStore = z
  .strictObject({
    name: Name.nullish(),
    description: Description.nullish(),
    expires_after: ExpiresAfter.nullish(),
    metadata: Metadata.nullish(),
    is_default: z.literal(true).optional(),
  })
  .meta({ id: 'UpdateVectorStore' });

export const VectorStoreListQuery = PageQuery.extend({ before: z.string().optional() });

export const VectorStoreFileListQuery = VectorStoreListQuery.extend({
  filter: z.enum(['in_progress', 'completed', 'failed', 'cancelled']).optional(),
});

export const SearchVectorStore = z
  .strictObject({
    query: z.union([
      z.string().min(1).max(MAX_QUERY_CHARACTERS),
      z.array(z.string().min(1).max(MAX_QUERY_CHARACTERS)).min(1).max(MAX_QUERIES),
    ]),
    /** Earlier turns, so that a question that leans on them is searched for as an answer would search for it. */
    history: z
      .array(z.object({ role: z.enum(['user', 'assistant']), content: z.string().max(MAX_QUERY_CHARACTERS) }))
      .max(50)
      .optional(),
    // Read by the domain, which says what is wrong with it.
    filters: z.unknown().optional(),
    max_num_results: z.int().min(1).max(50).default(10),
    ranking_options: z
      .strictObject({
        ranker: z.string().max(64).nullish(),
        score_threshold: z.number().min(0).max(1).nullish(),
      })
      .nullish(),
    rewrite_query: z.boolean().nullish(),
  })
  .meta({ id: 'SearchVectorStore' });

export const CreateVectorStoreFile = z
  .strictObject({
    file_id: z.string().min(1).max(200),
    attributes: Attributes.nullish(),
    chunking_strategy: ChunkingStrategy.nullish(),
  })
  .meta({ id: 'CreateVectorStoreFile' });

export const UpdateVectorStoreFile = z
  .strictObject({ attributes: Attributes.nullable() })
  .meta({ id: 'UpdateVectorStoreFile' });

export const CreateFileBatch = z
  .strictObject({
    file_ids: FileIds.min(1).nullish(),
    files: z.array(CreateVectorStoreFile).min(1).max(MAX_FILES_PER_BATCH).nullish(),
    attributes: Attributes.nullish(),
    chunking_strategy: ChunkingStrategy.nullish(),
  })
  .refine((body) => (body.file_ids == null) !== (body.files == null), {
    message: 'give either file_ids or files',
    path: ['file_ids'],
  })
  .meta({ id: 'CreateFileBatch' });

/** Form fields beside the file itself. JSON fields come as text. */
export const UploadDocument = z
  .strictObject({
    purpose: Line.max(64).optional(),
    attributes: jsonText(Attributes).optional(),
    chunking_strategy: jsonText(ChunkingStrategy).optional(),
    replaces: z.string().min(1).max(200).optional(),
  })
  .meta({ id: 'UploadDocument' });

export const ChunkListQuery = z.looseObject({
  limit: z.coerce.number().pipe(z.int().min(1).max(200)).default(50),
  after: z.string().optional(),
});

function jsonText<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('must be JSON');
        return z.NEVER;
      }
    })
    .pipe(schema);
}

interface FileCounts {
  in_progress: number;
  completed: number;
  failed: number;
  cancelled: number;
  total: number;
}

/** Times are seconds since the epoch. */
export interface VectorStoreObject {
  id: string;
  object: 'vector_store';
  created_at: number;
  name: string;
  description: string | null;
  usage_bytes: number;
  file_counts: FileCounts;
  status: 'expired' | 'in_progress' | 'completed';
  expires_after?: { anchor: 'last_active_at'; days: number };
  expires_at: number | null;
  last_active_at: number;
  metadata: Record<string, string>;
  is_default: boolean;
  generation: { id: string; embedder: string | null; building: boolean };
}

export interface VectorStoreFileObject {
  id: string;
  object: 'vector_store.file';
  created_at: number;
  vector_store_id: string;
  status: 'in_progress' | 'completed' | 'cancelled' | 'failed';
  usage_bytes: number;
  last_error: { code: string; message: string } | null;
  attributes: Record<string, string | number | boolean>;
  chunking_strategy: {
    type: 'static';
    static: { max_chunk_size_tokens: number; chunk_overlap_tokens: number };
  };
  filename: string;
  progress: { phase: string; fraction: number };
  format: string | null;
  pages: number | null;
  chunk_count: number;
  warnings: string[];
  /** The same with codes, in the same order. */
  warning_details: DocumentWarning[];
  run_id: string | null;
}

export interface FileBatchObject {
  id: string;
  object: 'vector_store.files_batch';
  created_at: number;
  vector_store_id: string;
  status: 'in_progress' | 'completed' | 'cancelled' | 'failed';
  file_counts: FileCounts;
}

export interface SearchResultObject {
  file_id: string;
  filename: string;
  score: number;
  attributes: Record<string, string | number | boolean>;
  content: { type: 'text'; text: string }[];
  chunk_id: string;
  heading_path: string[];
  page: number | null;
  article: string | null;
  start: number;
  end: number;
}
