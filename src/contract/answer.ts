/** What an answer run is asked, and the events it leaves in its log. The log is the truth; the API is projected from it. */
import { z } from 'zod';

export const ANSWER_RUN = 'answer';

export const ANSWER_MODES = [
  'full',
  'fallback-model',
  'keyword-only',
  'no-knowledge',
  'extractive',
  'deferred',
] as const;
export type AnswerMode = (typeof ANSWER_MODES)[number];

/** Why an answer was given in a lesser mode. Readers in any language go by these. */
export const MODE_REASON_CODES = [
  'no_model_configured',
  'preferred_model_away',
  'model_busy',
  'model_switched_off',
  'model_unreachable',
  'model_timeout',
  'model_rate_limited',
  'model_unauthorized',
  'model_refused',
  'model_failed',
  'model_changed',
  'embedder_not_configured',
  'embedder_away',
  'embedder_differs',
  'index_away',
] as const;
export type ModeReasonCode = (typeof MODE_REASON_CODES)[number];

/** In which mode an answer is given; `modeReason` says why in English, with the particulars that a code cannot hold. */
export interface DeclaredMode {
  mode: AnswerMode;
  modeReason: string | null;
  modeReasonCode: ModeReasonCode | null;
}

export interface StartedAnswer extends DeclaredMode {
  /** Who writes has seen only so many of the passages, the first ones; left out where it was all of them. */
  seenPassages?: number;
}

/** What a workspace may forbid: the modes between the best and none at all. */
export const LESSER_MODES = ANSWER_MODES.filter(
  (mode): mode is LesserMode => mode !== 'full' && mode !== 'deferred',
);
export type LesserMode = Exclude<AnswerMode, 'full' | 'deferred'>;

/** Nothing can answer now, and the question is kept. */
export interface DeferredAnswer extends DeclaredMode {
  mode: 'deferred';
  /** The mode that would have been possible, had the workspace allowed it. */
  withheldMode: LesserMode | null;
}

/** The name of the model that is none: it quotes the documents. */
export const EXTRACTIVE_MODEL = 'extractive';

/** A message as it came with the request, kept for `input_items`. */
export const AnswerInputItem = z.object({
  id: z.string(),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  text: z.string(),
});
export type AnswerInputItem = z.infer<typeof AnswerInputItem>;

export const AnswerMessage = z.object({
  role: z.enum(['user', 'assistant', 'system']),
  content: z.string(),
});
export type AnswerMessage = z.infer<typeof AnswerMessage>;

export const AnswerInput = z.object({
  surface: z.enum(['responses', 'chat']),
  question: z.string(),
  /** Everything the request said, the question included. */
  inputItems: z.array(AnswerInputItem),
  /** The request's own messages before the question. Those of the conversation are read from the ledger. */
  messages: z.array(AnswerMessage),
  instructions: z.string().nullable(),
  conversationId: z.string().nullable(),
  previousResponseId: z.string().nullable(),
  replacesResponseId: z.string().nullable(),
  /** Null asks the workspace's default knowledge base, an empty list the model alone. */
  knowledgeBaseIds: z.array(z.string()).nullable(),
  /** The request named `file_search`: its call is shown among the output items. */
  fileSearchRequested: z.boolean(),
  /** OpenAI attribute filter, or null. */
  filters: z.json(),
  maxNumResults: z.int().nullable(),
  scoreThreshold: z.number().nullable(),
  includeSearchResults: z.boolean(),
  /** `budao` (whatever is best), EXTRACTIVE_MODEL, or the name of a configured generator. */
  model: z.string(),
  temperature: z.number().nullable(),
  topP: z.number().nullable(),
  maxOutputTokens: z.int().nullable(),
  metadata: z.record(z.string(), z.string()),
  store: z.boolean(),
  background: z.boolean(),
  /** The request's own `traceparent`, where it came with one. */
  traceParent: z.string().optional(),
  /** Account or key that asked: nobody else reads the answer. */
  ownerId: z.string(),
  /** SHA-256 of the request body, so that an idempotency key is not used for another question. */
  bodyHash: z.string(),
});
export type AnswerInput = z.infer<typeof AnswerInput>;

/** Events, by type. Text deltas carry `text` alone: neighbours may be merged into one before they are committed. */
export interface AnswerEvents {
  /** Comes with the first words, so that a stopped answer has its mode too; the last one counts. */
  'answer.started': StartedAnswer;
  'answer.searched': {
    query: string;
    passages: AnswerPassage[];
    /** Those that were searched, whether the request named them or not. */
    knowledgeBaseIds: string[];
    /** How retrieval fell short, or null. */
    degraded: DegradedSearch | null;
  };
  'answer.reasoning': { text: string };
  'answer.delta': { text: string };
  /** Nothing can answer now; once for each reason. What was found before is searched for again. */
  'answer.deferred': DeferredAnswer;
  'answer.finished': AnswerResult;
}

export interface DegradedSearch {
  mode: 'keyword-only' | 'no-knowledge';
  reason: string;
  code: ModeReasonCode;
}

export interface AnswerPassage {
  /** Counts from 1; the mark `[1]` in the text names it. */
  number: number;
  chunkId: string;
  documentId: string;
  knowledgeBaseId: string;
  filename: string;
  score: number;
  /** Share of the question's content that the chunk holds, where the search tells. */
  coverage?: number;
  /** Strength of the match by words alone, where the search tells: 0 to 1. */
  lexical?: number;
  /** What the knowledge base's owner noted on the document; left out where nothing was. */
  attributes?: Record<string, string | number | boolean>;
  /** Whether the document was in force when it was searched; left out where its attributes do not say. */
  standing?: DocumentStanding;
  text: string;
  headingPath: string[];
  page: number | null;
  article: string | null;
  /** Offsets of the chunk in the document's text. */
  start: number;
  end: number;
}

export interface DocumentStanding {
  /** `upcoming` is not in force yet, `withdrawn` not any more. */
  state: 'in-force' | 'withdrawn' | 'upcoming';
  /** `YYYY-MM-DD` */
  effectiveDate: string | null;
  edition: string | null;
  /** Documents that share it are editions of one. */
  series: string | null;
}

export interface AnswerCitation {
  /** Where the mark begins in the answer's text, in UTF-16 code units, as JavaScript counts. */
  index: number;
  /** Where the mark ends. */
  endIndex: number;
  passageNumber: number;
  chunkId: string;
  documentId: string;
  knowledgeBaseId: string;
  filename: string;
  quote: string;
  /** Offsets of the quote in the document's text. */
  start: number;
  end: number;
  headingPath: string[];
  page: number | null;
  article: string | null;
}

export interface AnswerUsage {
  inputTokens: number;
  outputTokens: number;
  reasoningTokens?: number;
}

/** The payload of `answer.finished`, and the result of the run. */
export interface AnswerResult extends DeclaredMode {
  status: 'completed' | 'incomplete';
  incompleteReason: 'max_output_tokens' | 'content_filter' | 'interrupted' | null;
  text: string;
  reasoning: string;
  /** Name of the generator that wrote the text, or null. */
  endpoint: string | null;
  /** The documents do not say, and the answer tells so. */
  declined: boolean;
  citations: AnswerCitation[];
  usage: AnswerUsage | null;
}

/** Ids of the output items follow from the response's, so that every process projects the same ones. */
export function outputItemId(prefix: 'msg' | 'rs' | 'fs', responseId: string): string {
  return `${prefix}_${responseId.slice(responseId.indexOf('_') + 1)}`;
}

/** The response that an output item belongs to. */
export function responseIdOfItem(itemId: string): string {
  return `resp_${itemId.slice(itemId.indexOf('_') + 1)}`;
}
