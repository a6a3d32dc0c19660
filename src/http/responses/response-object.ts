import type { AnswerCitation, AnswerInput, AnswerPassage, AnswerUsage } from '../../contract/answer.ts';
import type {
  FileCitation,
  FileSearchResult,
  FileSearchTool,
  ResponseObject,
  ResponseUsage,
} from '../../contract/openai/response-object.ts';

/** What a Response says from the first moment on: all of it follows from the run's input. */
export function emptyResponse(run: { id: string; createdAt: number }, input: AnswerInput): ResponseObject {
  return {
    id: run.id,
    object: 'response',
    created_at: Math.floor(run.createdAt / 1000),
    completed_at: null,
    status: input.background ? 'queued' : 'in_progress',
    background: input.background,
    error: null,
    incomplete_details: null,
    instructions: input.instructions,
    max_output_tokens: input.maxOutputTokens,
    max_tool_calls: null,
    model: input.model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: input.previousResponseId,
    conversation: input.conversationId === null ? null : { id: input.conversationId },
    prompt_cache_key: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    service_tier: 'default',
    store: input.store,
    temperature: input.temperature ?? 1,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: echoedTools(input),
    top_logprobs: 0,
    top_p: input.topP ?? 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    truncation: 'disabled',
    usage: null,
    metadata: input.metadata,
    access_programs: null,
    budao: {
      mode: null,
      mode_reason: null,
      mode_reason_code: null,
      endpoint: null,
      knowledge_base_ids: input.knowledgeBaseIds,
      condensed_query: null,
      declined: false,
      failure_code: null,
    },
  };
}

function echoedTools(input: AnswerInput): FileSearchTool[] {
  if (!input.fileSearchRequested) return [];
  return [
    {
      type: 'file_search',
      vector_store_ids: input.knowledgeBaseIds ?? [],
      filters: input.filters,
      max_num_results: input.maxNumResults,
      ranking_options: { ranker: 'auto', score_threshold: input.scoreThreshold ?? 0 },
    },
  ];
}

export function fileCitation(citation: AnswerCitation): FileCitation {
  return {
    type: 'file_citation',
    index: citation.index,
    file_id: citation.documentId,
    filename: citation.filename,
    start_index: citation.index,
    end_index: citation.endIndex,
    chunk_id: citation.chunkId,
    vector_store_id: citation.knowledgeBaseId,
    quote: citation.quote,
    heading_path: citation.headingPath,
    page: citation.page,
    article: citation.article,
    start: citation.start,
    end: citation.end,
  };
}

export function fileSearchResult(passage: AnswerPassage): FileSearchResult {
  return {
    file_id: passage.documentId,
    filename: passage.filename,
    score: passage.score,
    text: passage.text,
    attributes: passage.attributes ?? {},
    chunk_id: passage.chunkId,
    vector_store_id: passage.knowledgeBaseId,
  };
}

/** Zeros when the upstream did not say: some clients require the numbers. */
export function responseUsage(usage: AnswerUsage | null): ResponseUsage {
  const inputTokens = usage?.inputTokens ?? 0;
  const outputTokens = usage?.outputTokens ?? 0;
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: usage?.reasoningTokens ?? 0 },
    total_tokens: inputTokens + outputTokens,
  };
}

/** The text of all messages, as the OpenAI packages compute it. */
export function outputText(response: ResponseObject): string {
  return response.output
    .flatMap((item) => (item.type === 'message' ? item.content.map((part) => part.text) : []))
    .join('');
}
