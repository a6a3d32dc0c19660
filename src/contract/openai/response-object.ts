/** The Response object and its output items as they go over the wire. The types of the package `openai` are the reference. */
import type { AnswerMode, ModeReasonCode } from '../answer.ts';

export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface FileCitation {
  type: 'file_citation';
  /** Where the mark stands in the text. */
  index: number;
  file_id: string;
  filename: string;
  start_index: number;
  end_index: number;
  chunk_id: string;
  vector_store_id: string;
  quote: string;
  heading_path: string[];
  page: number | null;
  article: string | null;
  /** Offsets of the quote in the document's text. */
  start: number;
  end: number;
}

export interface OutputText {
  type: 'output_text';
  text: string;
  annotations: FileCitation[];
  logprobs: [];
}

export interface MessageItem {
  id: string;
  type: 'message';
  role: 'assistant';
  status: ItemStatus;
  content: OutputText[];
}

export interface ReasoningItem {
  id: string;
  type: 'reasoning';
  summary: [];
  content: { type: 'reasoning_text'; text: string }[];
  status: ItemStatus;
}

export interface FileSearchResult {
  file_id: string;
  filename: string;
  score: number;
  text: string;
  attributes: Record<string, string | number | boolean>;
  chunk_id: string;
  vector_store_id: string;
}

export interface FileSearchItem {
  id: string;
  type: 'file_search_call';
  status: 'in_progress' | 'completed';
  queries: string[];
  results: FileSearchResult[] | null;
}

export type OutputItem = MessageItem | ReasoningItem | FileSearchItem;

export interface ResponseUsage {
  input_tokens: number;
  input_tokens_details: { cached_tokens: number; cache_write_tokens: number };
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number };
  total_tokens: number;
}

export interface FileSearchTool {
  type: 'file_search';
  vector_store_ids: string[];
  filters: unknown;
  max_num_results: number | null;
  ranking_options: { ranker: 'auto'; score_threshold: number };
}

export interface ResponseObject {
  id: string;
  object: 'response';
  created_at: number;
  completed_at: number | null;
  status: ResponseStatus;
  background: boolean;
  error: { code: string; message: string } | null;
  incomplete_details: { reason: string } | null;
  instructions: string | null;
  max_output_tokens: number | null;
  max_tool_calls: null;
  model: string;
  output: OutputItem[];
  /** Only in whole answers, not in the events of a stream. */
  output_text?: string;
  parallel_tool_calls: boolean;
  previous_response_id: string | null;
  conversation: { id: string } | null;
  prompt_cache_key: null;
  reasoning: { effort: null; summary: null };
  safety_identifier: null;
  service_tier: 'default';
  store: boolean;
  temperature: number;
  text: { format: { type: 'text' }; verbosity: 'medium' };
  tool_choice: 'auto';
  tools: FileSearchTool[];
  top_logprobs: number;
  top_p: number;
  presence_penalty: number;
  frequency_penalty: number;
  truncation: 'disabled';
  usage: ResponseUsage | null;
  metadata: Record<string, string>;
  access_programs: null;
  budao: {
    mode: AnswerMode | null;
    mode_reason: string | null;
    mode_reason_code: ModeReasonCode | null;
    endpoint: string | null;
    knowledge_base_ids: string[] | null;
    condensed_query: string | null;
    declined: boolean;
    /** The product's own code of what went wrong; `error.code` is one that OpenAI clients know. */
    failure_code: string | null;
  };
}
