import type { DocumentStanding } from '../contract/answer.ts';
import type { SearchHit } from '../knowledge/ports.ts';

/** A retrieved chunk, numbered for citation from 1, with what a reader needs to recognise its document. */
export interface Passage extends SearchHit {
  number: number;
  filename: string;
  knowledgeBaseId: string;
  /** Whether the document is in force; left out where its attributes do not say. */
  standing?: DocumentStanding;
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface GenerationRequest {
  /** The last message is the user's; the prompt already holds the passages. */
  messages: readonly ChatMessage[];
  /** Text already shown to the reader; the generator goes on after it and never repeats or changes it. */
  prefix: string;
  maxOutputTokens: number;
  temperature: number | null;
  topP: number | null;
  signal: AbortSignal;
}

/** Pieces in order; `end` comes exactly once, last. */
export type GenerationPart =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | {
      type: 'end';
      reason: 'stop' | 'length' | 'content_filter';
      usage: { inputTokens: number; outputTokens: number } | null;
      /** The model could not go on from `prefix`, so the text stops short: the answer is finished `incomplete`. */
      departed?: true;
    };

/** A language model behind an endpoint. Errors are GenerationError with a code that says whether to try elsewhere. */
export interface Generator {
  readonly name: string;
  readonly contextTokens: number;
  /** Calls `onPart` for each piece as it arrives, and resolves after `end`. */
  generate(request: GenerationRequest, onPart: (part: GenerationPart) => void): Promise<void>;
}

/** One piece of an extractive answer: a sentence from a passage, ready to show. */
export interface ExtractedSentence {
  text: string;
  /** Numbers of the passages that carry it. */
  citations: number[];
}

export interface ExtractiveAnswer {
  /** True when the passages do not cover the question; `sentences` then says so and cites nothing. */
  declined: boolean;
  sentences: ExtractedSentence[];
}

/** One of the endpoints that may write an answer, as it stands now. */
export interface EndpointHealth {
  name: string;
  /** Whether a call would be let through now. */
  isUsable: boolean;
  lastError: { code: string; message: string } | null;
}

/** The generators that may answer one question, as one: the first that can. */
export interface GeneratorChoice {
  name: string;
  /** The smallest context among them. */
  contextTokens: number;
  /** In order of preference. */
  endpoints(): EndpointHealth[];
  /** `onEndpoint` is told which of them is answering, counted from 0 in order of preference. */
  generate(
    request: GenerationRequest,
    onPart: (part: GenerationPart) => void,
    onEndpoint: (name: string, index: number) => void,
    options?: { onlyPreferred: boolean },
  ): Promise<void>;
}
