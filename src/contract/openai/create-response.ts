import { z } from 'zod';
import { Lines, Metadata, QueryBoolean } from './common.ts';
import { AttributeFilter } from './filters.ts';
import { InputItem } from './input-items.ts';

/** Known OpenAI parameters that change nothing here. Accepted, so that unmodified clients work. */
const Ignored = z.unknown().optional();

export const FileSearchTool = z.strictObject({
  type: z.literal('file_search'),
  vector_store_ids: z.array(z.string()).max(20),
  filters: AttributeFilter.nullish(),
  max_num_results: z.int().min(1).max(50).nullish(),
  ranking_options: z
    .strictObject({
      ranker: z.string().nullish(),
      score_threshold: z.number().min(0).max(1).nullish(),
      hybrid_search: z.unknown().optional(),
    })
    .nullish(),
});
export type FileSearchTool = z.infer<typeof FileSearchTool>;

export const CreateResponse = z.strictObject({
  input: z.union([z.string(), z.array(InputItem).max(500)]).optional(),
  model: z.string().nullish(),
  instructions: z.string().nullish(),
  conversation: z.union([z.string(), z.object({ id: z.string() })]).nullish(),
  previous_response_id: z.string().nullish(),
  /** Regenerate: the new answer takes that one's place in its conversation. */
  replaces_response_id: z.string().nullish(),
  tools: z
    .array(z.looseObject({ type: z.string() }))
    .max(16)
    .nullish(),
  include: z.array(z.string()).nullish(),
  stream: z.boolean().nullish(),
  background: z.boolean().nullish(),
  store: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  metadata: Metadata.nullish(),
  text: z
    .looseObject({ format: z.looseObject({ type: z.string() }).nullish(), verbosity: z.unknown().optional() })
    .nullish(),
  prompt: z.null().optional(),
  access_programs: Ignored,
  context_management: Ignored,
  frequency_penalty: Ignored,
  image: Ignored,
  max_tool_calls: Ignored,
  moderation: Ignored,
  parallel_tool_calls: Ignored,
  presence_penalty: Ignored,
  prompt_cache_key: Ignored,
  prompt_cache_options: Ignored,
  prompt_cache_retention: Ignored,
  reasoning: Ignored,
  safety_identifier: Ignored,
  service_tier: Ignored,
  stream_options: Ignored,
  tool_choice: Ignored,
  top_logprobs: Ignored,
  truncation: Ignored,
  user: Ignored,
});

export type CreateResponse = z.infer<typeof CreateResponse>;

export const RetrieveResponseQuery = z.looseObject({
  stream: QueryBoolean.optional(),
  starting_after: z.coerce.number().pipe(z.int().min(-1)).optional(),
});

export const Feedback = z.strictObject({
  rating: z.enum(['up', 'down']).nullable(),
  comment: Lines.max(4_000).nullish(),
});
