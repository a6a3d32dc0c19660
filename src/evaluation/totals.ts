/** The figures of a group of questions. */
import type { EvaluationTotals, QuestionResult } from '../contract/evaluation.ts';
import { addCitations } from './scores/citations.ts';
import { mean, retrievalFigures } from './scoring.ts';

export function totalsOf(results: readonly QuestionResult[]): EvaluationTotals {
  const answers = results.flatMap(({ answer }) => (answer === null ? [] : [answer]));
  const searched = results.filter(({ retrieval_passed: passed }) => passed !== null);
  const ranks = searched.map(({ retrieval }) => retrieval?.rank ?? Infinity);
  const figures = searched.length === 0 ? null : retrievalFigures(ranks);
  const asked = results.filter(({ answer_passed: passed }) => passed !== null);
  const answerable = asked.filter((one) => one.answerable);
  const withFacts = answerable.filter(
    ({ answer, error }) => error !== null || (answer?.facts_total ?? 0) > 0,
  );
  const unanswerable = asked.filter((one) => !one.answerable);
  const judged = answers.flatMap(({ judge }) => (judge === null ? [] : [judge.verdict]));
  const decided = judged.filter((verdict) => verdict !== 'inconclusive');
  const claims = sum(answers.map(({ support }) => support.claims - support.unknown));
  return {
    questions: results.length,
    unanswered: results.filter(({ error }) => error !== null).length,
    hit1: figures?.hit1 ?? null,
    hit5: figures?.hit5 ?? null,
    hit10: figures?.hit10 ?? null,
    mrr: figures?.mrr ?? null,
    document_hit5: share(searched, ({ retrieval }) => (retrieval?.document_rank ?? Infinity) <= 5),
    fact_recall: withFacts.length === 0 ? null : mean(withFacts.map(factRecallOf)),
    all_facts: share(withFacts, (one) => factRecallOf(one) === 1),
    decline_rate: share(unanswerable, ({ answer }) => answer?.declined === true),
    false_decline_rate: share(answerable, ({ answer }) => answer?.declined === true),
    answers_passed: share(asked, ({ answer_passed: passed }) => passed === true),
    citations: addCitations(answers.map(({ citations }) => citations)),
    support: claims === 0 ? null : sum(answers.map(({ support }) => support.supported)) / claims,
    faithful: share(decided, (verdict) => verdict === 'faithful'),
    judge_inconclusive: judged.length - decided.length,
    leaks: results.filter(({ leaks }) => leaks.length > 0).length,
    search_ms: latency(
      results.flatMap(({ retrieval }) => (retrieval === null ? [] : [retrieval.elapsed_ms])),
    ),
    first_token_ms: latency(answers.flatMap(({ first_token_ms: ms }) => (ms === null ? [] : [ms]))),
    answer_ms: latency(answers.map(({ total_ms: ms }) => ms)),
  };
}

export function totalsBy(
  results: readonly QuestionResult[],
  key: (result: QuestionResult) => string,
): Record<string, EvaluationTotals> {
  const groups = [...Map.groupBy(results, key)].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(groups.map(([name, members]) => [name, totalsOf(members)]));
}

/** Share of the required facts that were said; 0 for a question that got no answer. */
export function factRecallOf({ answer }: QuestionResult): number {
  return answer === null || answer.facts_total === 0 ? 0 : answer.facts_matched / answer.facts_total;
}

function share<T>(of: readonly T[], holds: (one: T) => boolean): number | null {
  return of.length === 0 ? null : of.filter(holds).length / of.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Percentiles by the nearest rank: values that were measured, none in between. */
function latency(values: readonly number[]): EvaluationTotals['answer_ms'] {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] as number;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
