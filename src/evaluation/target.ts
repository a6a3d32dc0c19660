/** Whatever is evaluated: it finds passages for a question, or answers it, or both. */
import type { EvaluationSubject } from '../contract/evaluation.ts';

export interface Turn {
  role: 'user' | 'assistant';
  content: string;
}

export interface EvaluatedQuestion {
  question: string;
  /** Earlier turns of the conversation, the oldest first. */
  history: readonly Turn[];
  signal: AbortSignal;
}

export interface FoundPassage {
  /** File name of the document. */
  document: string;
  text: string;
  /** Of the sections that it stands in, the outermost first; empty where the target does not say. */
  headings: readonly string[];
  article: string | null;
  page: number | null;
  chunkId: string | null;
  /** Null where the target has no such thing. */
  knowledgeBaseId: string | null;
}

export interface SearchOutcome {
  /** The best first. */
  passages: FoundPassage[];
  /** `full`, or the lesser mode in which was searched; null where the target does not say. */
  mode: string | null;
  elapsedMs: number;
}

export interface GivenCitation {
  /** Place of its mark in the answer, as UTF-16 offsets. */
  start: number;
  end: number;
  document: string;
  documentId: string | null;
  knowledgeBaseId: string | null;
  chunkId: string | null;
  /** The passage's own words. */
  quote: string;
  /** Offsets of the quote in the document's text; null where the target does not say. */
  place: { start: number; end: number } | null;
  headings: readonly string[];
  article: string | null;
  page: number | null;
}

export interface AskOutcome {
  text: string;
  citations: GivenCitation[];
  /** What the answer was written from; null where the target does not say. */
  passages: FoundPassage[] | null;
  mode: string | null;
  /** Whoever wrote the text, as the target names it. */
  endpoint: string | null;
  /** Null where the target does not say, and only the text tells. */
  declined: boolean | null;
  /** From the request to the first piece of text; null where the answer came at once. */
  firstTokenMs: number | null;
  totalMs: number;
}

/** Where a citation leads: the words around the quote, that nothing is there, or that this target cannot be asked. */
export type CitedPlace = { state: 'there'; text: string } | { state: 'missing' } | { state: 'unknown' };

export interface EvaluationTarget {
  readonly name: string;
  /** What the figures depend on, as far as the target says. */
  subject(signal: AbortSignal): Promise<EvaluationSubject>;
  /** Null for a target that shows no passages. Throws EvaluationFailure. */
  readonly search: ((question: EvaluatedQuestion, limit: number) => Promise<SearchOutcome>) | null;
  /** Throws EvaluationFailure: a question without an answer has failed. */
  ask(question: EvaluatedQuestion): Promise<AskOutcome>;
  citedPlace(citation: GivenCitation, signal: AbortSignal): Promise<CitedPlace>;
  /** Knowledge bases whose passages may be shown; null where the target has no such thing. */
  readonly allowedKnowledgeBaseIds: readonly string[] | null;
}

/** A question that got no answer, or no passages, with the code that tells why. */
export class EvaluationFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EvaluationFailure';
    this.code = code;
  }
}
