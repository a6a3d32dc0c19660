/** Scores what a target found and said for one question. The rules of hits and facts are those of the golden format. */
import type {
  AnswerScore,
  QuestionFailure,
  QuestionResult,
  RetrievalResult,
} from '../../contract/evaluation.ts';
import { type GoldenQuestion, isAnswerable } from '../golden.ts';
import { containsForm, hitRank } from '../scoring.ts';
import type { AskOutcome, EvaluationTarget, FoundPassage, SearchOutcome } from '../target.ts';
import { checkCitations } from './citations.ts';
import { isDecline } from './declines.ts';
import { supportCounts } from './support.ts';

/** A question's retrieval passes when its sources are among so many. */
export const PASSING_RANK = 5;
/** Longer answers are scored whole and kept cut. */
const MAX_KEPT_CHARACTERS = 4_000;
const ARTICLE_START = /^#*\s*(第[零〇一二三四五六七八九十百千\d]+条)(?=[\s　])/gmu;

export function scoreRetrieval(golden: GoldenQuestion, found: SearchOutcome): RetrievalResult {
  const passages = found.passages.map((passage) => ({
    document: passage.document,
    articles: articlesOf(passage),
  }));
  const whole = { ...golden, sources: golden.sources.map(({ document }) => ({ document })) };
  return {
    rank: finite(hitRank(golden, passages)),
    document_rank: finite(hitRank(whole, passages)),
    passages: found.passages.map(({ document, article, page, chunkId }) => ({
      document,
      article,
      page,
      chunk_id: chunkId,
    })),
    mode: found.mode,
    elapsed_ms: found.elapsedMs,
  };
}

export async function scoreAnswer(
  target: EvaluationTarget,
  golden: GoldenQuestion,
  answer: AskOutcome,
  evidence: readonly string[],
  signal: AbortSignal,
): Promise<AnswerScore> {
  const declined = isDecline(golden.question, answer);
  const matched = golden.facts.filter((forms) => forms.some((form) => containsForm(answer.text, form)));
  return {
    text: answer.text.slice(0, MAX_KEPT_CHARACTERS),
    mode: answer.mode,
    endpoint: answer.endpoint,
    declined,
    facts_matched: declined ? 0 : matched.length,
    facts_total: golden.facts.length,
    citations: await checkCitations(target, answer, signal),
    support: declined ? { claims: 0, supported: 0, unknown: 0 } : supportCounts(answer.text, evidence),
    judge: null,
    first_token_ms: answer.firstTokenMs,
    total_ms: answer.totalMs,
  };
}

/** Why an answer is not right; empty for one that is, as far as that can be said without a judge. */
export function failuresOf(
  golden: GoldenQuestion,
  answer: AnswerScore,
  leaks: readonly string[],
): QuestionFailure[] {
  const failures: QuestionFailure[] = [];
  if (isAnswerable(golden)) {
    if (answer.declined) failures.push('false_decline');
    else if (answer.facts_matched < answer.facts_total) failures.push('facts_missing');
  } else if (!answer.declined) failures.push('not_declined');
  if (answer.citations.missing > 0) failures.push('citation_missing');
  if (leaks.length > 0) failures.push('leak');
  return failures;
}

/** Documents that were shown and must not be: named as forbidden, or of a knowledge base that was not asked. */
export function leaksIn(
  golden: GoldenQuestion,
  allowedKnowledgeBaseIds: readonly string[] | null,
  shown: readonly { document: string; knowledgeBaseId: string | null }[],
): string[] {
  const forbidden = new Set(golden.forbidden ?? []);
  const allowed = allowedKnowledgeBaseIds === null ? null : new Set(allowedKnowledgeBaseIds);
  const leaked = shown.filter(
    ({ document, knowledgeBaseId }) =>
      forbidden.has(document) ||
      (allowed !== null && knowledgeBaseId !== null && !allowed.has(knowledgeBaseId)),
  );
  return [...new Set(leaked.map(({ document }) => document))];
}

/** Each question's place in the two lists of passes; null where it is in none. */
export function passesOf(
  golden: GoldenQuestion,
  retrieval: RetrievalResult | null,
): Pick<QuestionResult, 'retrieval_passed'> {
  if (retrieval === null || golden.sources.length === 0) return { retrieval_passed: null };
  return { retrieval_passed: retrieval.rank !== null && retrieval.rank <= PASSING_RANK };
}

/** Those that the target names, and those that begin within the text. */
function articlesOf({ article, text }: FoundPassage): string[] {
  const begun = [...text.matchAll(ARTICLE_START)].map((match) => match[1] as string);
  return article === null ? begun : [article, ...begun];
}

function finite(rank: number): number | null {
  return Number.isFinite(rank) ? rank : null;
}
