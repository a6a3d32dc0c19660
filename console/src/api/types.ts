/** The shapes that cross the wire, as docs/api-extensions.md and the OpenAI surface define them. */
import type { AnswerMode, ModeReasonCode } from '../../../src/contract/answer.ts';

export type { AnswerMode, ModeReasonCode };

export interface Account {
  id: string;
  username: string;
  display_name: string;
  /** Of the whole installation. */
  operator: boolean;
  must_change_password: boolean;
}

export type Role = 'owner' | 'editor' | 'reader';

export interface Workspace {
  id: string;
  name: string;
  role: Role;
}

export interface Session {
  access_token: string;
  /** Seconds until the access token runs out. */
  expires_in: number;
  account: Account;
  workspaces: Workspace[];
}

export interface List<T> {
  data: T[];
  has_more?: boolean;
  last_id?: string | null;
}

export interface Conversation {
  id: string;
  created_at: number;
  updated_at?: number;
  title?: string | null;
  active_response_id?: string | null;
}

export interface Citation {
  type: 'file_citation';
  file_id: string;
  filename: string;
  index: number;
  start_index?: number;
  end_index?: number;
  chunk_id?: string;
  vector_store_id?: string;
  quote?: string | null;
  heading_path?: string[];
  page?: number | null;
  article?: string | null;
  /** Range of the quote in the document's text, where the server says so. */
  start?: number;
  end?: number;
}

export interface ContentPart {
  type: string;
  text?: string;
  refusal?: string;
  annotations?: (Citation | { type: string })[];
}

export type Rating = 'up' | 'down' | null;

export interface ConversationItem {
  id: string;
  type: string;
  role?: 'user' | 'assistant' | 'system' | 'developer';
  status?: string;
  content?: ContentPart[] | string;
  summary?: ContentPart[];
  response_id?: string | null;
  created_at?: number;
  mode?: AnswerMode | null;
  mode_reason?: string | null;
  mode_reason_code?: ModeReasonCode | null;
  /** What went wrong with an answer; code 'cancelled' when it was stopped. */
  error?: ApiFailure | null;
  /** Of an answer that is being written: its stream goes on after this number. */
  sequence_number?: number;
  feedback?: { rating: Rating; comment?: string | null } | Rating;
}

export interface ApiFailure {
  code?: string | null;
  message: string;
}

export interface ResponseObject {
  id: string;
  status: string;
  output?: ConversationItem[];
  error?: ApiFailure | null;
  incomplete_details?: { reason?: string } | null;
  conversation?: { id: string } | string | null;
  budao?: {
    mode?: AnswerMode | null;
    mode_reason?: string | null;
    mode_reason_code?: ModeReasonCode | null;
    endpoint?: string | null;
    failure_code?: string | null;
  } | null;
}

export interface StreamEvent {
  type: string;
  sequence_number?: number;
  response?: ResponseObject;
  item?: ConversationItem;
  delta?: string;
  text?: string;
  annotation?: Citation | { type: string };
  output_index?: number;
  error?: ApiFailure;
  code?: string | null;
  message?: string;
}

export interface KnowledgeBase {
  id: string;
  name: string;
  created_at: number;
  description?: string | null;
  is_default?: boolean;
  metadata?: Record<string, string> | null;
  usage_bytes?: number;
  file_counts?: { total: number; completed: number; in_progress: number; failed: number; cancelled: number };
  generation?: { id: string; embedder: string | null; building: boolean | string | null } | null;
}

export type IngestPhase = 'queued' | 'extracting' | 'chunking' | 'embedding' | 'indexing' | 'ready';
export type Attributes = Record<string, string | number | boolean>;

export interface KnowledgeDocument {
  /** The file's id. */
  id: string;
  vector_store_id: string;
  status: 'in_progress' | 'completed' | 'failed' | 'cancelled';
  created_at: number;
  usage_bytes?: number;
  filename?: string;
  progress?: { phase: IngestPhase; fraction: number } | null;
  format?: string | null;
  pages?: number | null;
  chunk_count?: number | null;
  /** With a code of null for documents that were read before warnings had codes. */
  warning_details?:
    | { code: string | null; message: string; values: Record<string, string | number> }[]
    | null;
  attributes?: Attributes | null;
  last_error?: ApiFailure | null;
}

export interface Chunk {
  id: string;
  ordinal: number;
  text: string;
  heading_path: string[];
  page: number | null;
  article: string | null;
  start: number;
  end: number;
  tokens: number;
}

/** A file as it was uploaded, whether a knowledge base holds it or not. */
export interface OriginalFile {
  id: string;
  filename: string;
  bytes: number;
  created_at: number;
  vector_store_ids: string[];
  /** `error` once the stored bytes were seen damaged. */
  status?: string;
}

export interface FileText {
  id: string;
  filename: string;
  format: string;
  pages: number | null;
  text: string;
}

export interface SearchResult {
  file_id: string;
  filename: string;
  score: number;
  content: { type: string; text: string }[];
  chunk_id?: string;
  heading_path?: string[];
  page?: number | null;
  article?: string | null;
}

export interface User {
  id: string;
  username: string;
  display_name: string;
  role: Role;
  operator: boolean;
  created_at?: number;
  disabled?: boolean;
  /** The generated password, only in the answer that created it. */
  password?: string;
}

export interface ApiKey {
  id: string;
  name: string;
  role: Role;
  created_at?: number;
  expires_at?: number | null;
  last_used_at?: number | null;
  /** The first characters, to recognise it by. */
  hint?: string;
  revoked_at?: number | null;
  /** The key itself, only in the answer that created it. */
  key?: string;
}
