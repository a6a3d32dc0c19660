import { z } from 'zod';
import { Metadata } from './common.ts';
import { ContentPart } from './input-items.ts';

/** Known OpenAI parameters that change nothing here. Accepted, so that unmodified clients work. */
const Ignored = z.unknown().optional();

const ChatMessage = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(ContentPart)]).nullish(),
});
export type ChatMessage = z.infer<typeof ChatMessage>;

export const CreateChatCompletion = z.strictObject({
  messages: z.array(ChatMessage).min(1).max(500),
  model: z.string().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  metadata: Metadata.nullish(),
  n: z.literal(1).nullish(),
  response_format: z.looseObject({ type: z.string() }).nullish(),
  store: z.boolean().nullish(),
  tools: z
    .array(z.looseObject({ type: z.string() }))
    .max(16)
    .nullish(),
  frequency_penalty: Ignored,
  function_call: Ignored,
  logit_bias: Ignored,
  logprobs: Ignored,
  modalities: Ignored,
  moderation: Ignored,
  parallel_tool_calls: Ignored,
  prediction: Ignored,
  presence_penalty: Ignored,
  prompt_cache_key: Ignored,
  prompt_cache_options: Ignored,
  prompt_cache_retention: Ignored,
  reasoning_effort: Ignored,
  safety_identifier: Ignored,
  seed: Ignored,
  service_tier: Ignored,
  stop: Ignored,
  tool_choice: Ignored,
  top_logprobs: Ignored,
  user: Ignored,
  verbosity: Ignored,
  web_search_options: Ignored,
});
export type CreateChatCompletion = z.infer<typeof CreateChatCompletion>;

export const CreateEmbeddings = z.strictObject({
  input: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(256)]),
  model: z.string().nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.int().min(1).nullish(),
  user: Ignored,
});
