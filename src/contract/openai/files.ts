import { z } from 'zod';
import { PageQuery } from './common.ts';

export const FILE_PURPOSES = ['assistants', 'user_data', 'batch', 'fine-tune', 'vision', 'evals'] as const;

/** Form fields beside the file itself. */
export const CreateFile = z
  .strictObject({ purpose: z.enum(FILE_PURPOSES).default('assistants') })
  .meta({ id: 'CreateFile' });

export const FileListQuery = PageQuery.extend({
  // OpenAI's limit for this list; the answer holds at most as many as there are.
  limit: z.coerce.number().pipe(z.int().min(1).max(10_000)).default(10_000),
  purpose: z.string().max(64).optional(),
});

/** Times are seconds since the epoch. */
export interface FileObject {
  id: string;
  object: 'file';
  bytes: number;
  created_at: number;
  filename: string;
  purpose: string;
  /** `error` once the stored bytes were seen damaged; `status_details` then says what to do. */
  status: 'processed' | 'error';
  status_details?: string;
  /** The knowledge bases that it is in. */
  vector_store_ids: string[];
}

/** The text that chunk offsets refer to. */
export interface FileText {
  id: string;
  filename: string;
  format: string;
  pages: number | null;
  text: string;
}
