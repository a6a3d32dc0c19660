/** What the routes of responses, conversations, chat completions and models answer. */
import { z } from 'zod';
import { ANSWER_MODES, MODE_REASON_CODES } from '../answer.ts';
import { AttributeValues, Failure, Pairs, Seconds } from './common.ts';

const Mode = {
  mode: z.enum(ANSWER_MODES).nullable(),
  mode_reason: z.string().nullable(),
  mode_reason_code: z.enum(MODE_REASON_CODES).nullable(),
};
const ItemStatus = z.enum(['in_progress', 'completed', 'incomplete']);
const Role = z.enum(['user', 'assistant', 'system', 'developer']);

const FileCitation = z
  .object({
    type: z.literal('file_citation'),
    index: z.int(),
    file_id: z.string(),
    filename: z.string(),
    start_index: z.int(),
    end_index: z.int(),
    chunk_id: z.string(),
    vector_store_id: z.string(),
    quote: z.string(),
    heading_path: z.array(z.string()),
    page: z.int().nullable(),
    article: z.string().nullable(),
    start: z.int(),
    end: z.int(),
  })
  .meta({ id: 'FileCitation' });

const OutputText = z
  .object({
    type: z.literal('output_text'),
    text: z.string(),
    annotations: z.array(FileCitation),
    logprobs: z.array(z.never()),
  })
  .meta({ id: 'OutputText' });
const InputText = z.object({ type: z.literal('input_text'), text: z.string() }).meta({ id: 'InputText' });
const Content = z.array(z.union([InputText, OutputText]));

const OutputItem = z
  .union([
    z.object({
      id: z.string(),
      type: z.literal('message'),
      role: z.literal('assistant'),
      status: ItemStatus,
      content: z.array(OutputText),
    }),
    z.object({
      id: z.string(),
      type: z.literal('reasoning'),
      summary: z.array(z.never()),
      content: z.array(z.object({ type: z.literal('reasoning_text'), text: z.string() })),
      status: ItemStatus,
    }),
    z.object({
      id: z.string(),
      type: z.literal('file_search_call'),
      status: z.enum(['in_progress', 'completed']),
      queries: z.array(z.string()),
      results: z
        .array(
          z.object({
            file_id: z.string(),
            filename: z.string(),
            score: z.number(),
            text: z.string(),
            attributes: AttributeValues,
            chunk_id: z.string(),
            vector_store_id: z.string(),
          }),
        )
        .nullable(),
    }),
  ])
  .meta({ id: 'OutputItem' });

export const ResponseReply = z
  .object({
    id: z.string(),
    object: z.literal('response'),
    created_at: Seconds,
    completed_at: Seconds.nullable(),
    status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
    background: z.boolean(),
    error: Failure.nullable(),
    incomplete_details: z.object({ reason: z.string() }).nullable(),
    instructions: z.string().nullable(),
    max_output_tokens: z.int().nullable(),
    max_tool_calls: z.null(),
    model: z.string(),
    output: z.array(OutputItem),
    output_text: z.string().optional(),
    parallel_tool_calls: z.boolean(),
    previous_response_id: z.string().nullable(),
    conversation: z.object({ id: z.string() }).nullable(),
    prompt_cache_key: z.null(),
    reasoning: z.object({ effort: z.null(), summary: z.null() }),
    safety_identifier: z.null(),
    service_tier: z.literal('default'),
    store: z.boolean(),
    temperature: z.number(),
    text: z.object({
      format: z.object({ type: z.literal('text') }),
      verbosity: z.literal('medium'),
    }),
    tool_choice: z.literal('auto'),
    tools: z.array(
      z.object({
        type: z.literal('file_search'),
        vector_store_ids: z.array(z.string()),
        filters: z.unknown(),
        max_num_results: z.int().nullable(),
        ranking_options: z.object({ ranker: z.literal('auto'), score_threshold: z.number() }),
      }),
    ),
    top_logprobs: z.int(),
    top_p: z.number(),
    presence_penalty: z.number(),
    frequency_penalty: z.number(),
    truncation: z.literal('disabled'),
    usage: z
      .object({
        input_tokens: z.int(),
        input_tokens_details: z.object({ cached_tokens: z.int(), cache_write_tokens: z.int() }),
        output_tokens: z.int(),
        output_tokens_details: z.object({ reasoning_tokens: z.int() }),
        total_tokens: z.int(),
      })
      .nullable(),
    metadata: Pairs,
    access_programs: z.null(),
    budao: z.object({
      ...Mode,
      endpoint: z.string().nullable(),
      knowledge_base_ids: z.array(z.string()).nullable(),
      condensed_query: z.string().nullable(),
      declined: z.boolean(),
      failure_code: z.string().nullable(),
    }),
  })
  .meta({ id: 'Response' });

export const FeedbackReply = z.object({
  id: z.string(),
  object: z.literal('response.feedback'),
  rating: z.enum(['up', 'down']).nullable(),
  comment: z.string().nullable(),
});

export const InputItemReply = z
  .object({
    id: z.string(),
    type: z.literal('message'),
    role: Role,
    status: z.literal('completed'),
    content: Content,
  })
  .meta({ id: 'InputItem' });

export const ConversationReply = z
  .object({
    id: z.string(),
    object: z.literal('conversation'),
    created_at: Seconds,
    updated_at: Seconds,
    title: z.string().nullable(),
    metadata: Pairs,
    active_response_id: z.string().nullable(),
  })
  .meta({ id: 'Conversation' });

export const ConversationItemReply = z
  .object({
    id: z.string(),
    type: z.literal('message'),
    role: Role,
    status: ItemStatus,
    content: Content,
    created_at: Seconds,
    response_id: z.string().nullable(),
    mode: Mode.mode.optional(),
    mode_reason: Mode.mode_reason.optional(),
    mode_reason_code: Mode.mode_reason_code.optional(),
    feedback: z.enum(['up', 'down']).nullable().optional(),
    error: Failure.nullable().optional(),
    sequence_number: z.int().optional(),
  })
  .meta({ id: 'ConversationItem' });

/** A whole conversation, as a file. */
export const ConversationExportReply = z.object({
  conversation: ConversationReply,
  items: z.array(ConversationItemReply),
});

const UrlCitation = z.object({
  type: z.literal('url_citation'),
  url_citation: z.object({
    start_index: z.int(),
    end_index: z.int(),
    title: z.string(),
    url: z.string(),
  }),
});

export const ChatCompletionReply = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: Seconds,
    model: z.string(),
    choices: z
      .array(
        z.object({
          index: z.literal(0),
          message: z.object({
            role: z.literal('assistant'),
            content: z.string(),
            refusal: z.null(),
            reasoning_content: z.string().optional(),
            annotations: z.array(UrlCitation),
          }),
          finish_reason: z.enum(['stop', 'length', 'content_filter']),
          logprobs: z.null(),
        }),
      )
      .length(1),
    usage: z.object({
      prompt_tokens: z.int(),
      completion_tokens: z.int(),
      total_tokens: z.int(),
      completion_tokens_details: z.object({ reasoning_tokens: z.int() }),
      prompt_tokens_details: z.object({ cached_tokens: z.int() }),
    }),
    service_tier: z.literal('default'),
    system_fingerprint: z.string(),
    metadata: Pairs,
    budao: z.object({
      ...Mode,
      endpoint: z.string().nullable(),
      declined: z.boolean(),
      citations: z.array(FileCitation),
    }),
  })
  .meta({ id: 'ChatCompletion' });

export const ModelReply = z
  .object({ id: z.string(), object: z.literal('model'), created: Seconds, owned_by: z.string() })
  .meta({ id: 'Model' });

export const ModelsReply = z.object({ object: z.literal('list'), data: z.array(ModelReply) });

export const EmbeddingsReply = z.object({
  object: z.literal('list'),
  model: z.string(),
  data: z.array(
    z.object({
      object: z.literal('embedding'),
      index: z.int(),
      /** Base64 of little-endian 32-bit floats where that was asked for. */
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
});
