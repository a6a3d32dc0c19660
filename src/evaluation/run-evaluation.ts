/** Asks a target every question of a golden set and scores what comes. */
import { type EvaluationResult, type QuestionResult, SCORING_VERSION } from '../contract/evaluation.ts';
import { type GoldenQuestion, hashGolden, isAnswerable } from './golden.ts';
import { JUDGE_REPEATS, type Judge, judgeAnswer } from './judge.ts';
import { describePlace } from './scores/citations.ts';
import { failuresOf, leaksIn, passesOf, scoreAnswer, scoreRetrieval } from './scores/score-question.ts';
import {
  type AskOutcome,
  EvaluationFailure,
  type EvaluationTarget,
  type FoundPassage,
  type GivenCitation,
  type SearchOutcome,
} from './target.ts';
import { totalsBy, totalsOf } from './totals.ts';

export interface GoldenSet {
  name: string;
  questions: readonly GoldenQuestion[];
}

export interface EvaluationOptions {
  signal?: AbortSignal;
  /** Passages that are looked at for each question. */
  retrieved?: number;
  /** Without answers only retrieval is measured, which takes no model and no time. */
  answers?: boolean;
  /** Questions under way at once. */
  concurrency?: number;
  judge?: Judge | null;
  judgeRepeats?: number;
  /** Journals what was found for a question, or reads back what is journaled already. */
  remember?(question: GoldenQuestion, ask: () => Promise<QuestionResult>): Promise<QuestionResult>;
  onQuestion?(result: QuestionResult, done: number, total: number): void;
}

const RETRIEVED = 10;
const CONCURRENCY = 2;
const UNKNOWN_SUBJECT = { program_version: null, prompt_version: null, models: null, knowledge_bases: [] };
const FOREVER = new AbortController().signal;

/**
 * The questions' results stand in the order of the set. A question that fails is a result too; what ends early, because
 * the signal says so, is marked as not complete and holds what was asked until then.
 */
export async function runEvaluation(
  target: EvaluationTarget,
  { name, questions }: GoldenSet,
  options: EvaluationOptions = {},
): Promise<EvaluationResult> {
  const signal = options.signal ?? FOREVER;
  const startedAt = new Date();
  // A target that is away is told by its questions, each of which fails.
  const subject = await target.subject(signal).catch((error: unknown) => {
    if (!(error instanceof EvaluationFailure)) throw error;
    return { ...UNKNOWN_SUBJECT, target: target.name };
  });
  const results = Array.from<QuestionResult | undefined>({ length: questions.length });
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < questions.length && !signal.aborted) {
      const at = next;
      next += 1;
      const golden = questions[at] as GoldenQuestion;
      const ask = async (): Promise<QuestionResult> => {
        const found = await evaluateQuestion(target, golden, options, signal);
        // What the stop itself cut off says nothing about the target.
        signal.throwIfAborted();
        return found;
      };
      const result = await (options.remember?.(golden, ask) ?? ask()).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return null;
      });
      if (result === null) return;
      results[at] = result;
      done += 1;
      options.onQuestion?.(result, done, questions.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.concurrency ?? CONCURRENCY) }, work));
  const finished = results.filter((result) => result !== undefined);
  return {
    format: 'budao-evaluation',
    version: 1,
    started_at: startedAt.toISOString(),
    finished_at: new Date().toISOString(),
    identities: {
      golden_name: name,
      golden_hash: hashGolden(questions),
      scoring_version: SCORING_VERSION,
      subject,
      endpoints: tally(finished.map(({ answer }) => answer?.endpoint)),
      modes: tally(finished.map(({ answer }) => answer?.mode)),
      judge:
        options.judge == null
          ? null
          : { name: options.judge.name, repeats: options.judgeRepeats ?? JUDGE_REPEATS },
      retrieved: options.retrieved ?? RETRIEVED,
    },
    complete: finished.length === questions.length,
    questions: finished,
    totals: totalsOf(finished),
    by_category: totalsBy(finished, ({ category }) => category),
    by_style: totalsBy(finished, ({ style }) => style),
  };
}

async function evaluateQuestion(
  target: EvaluationTarget,
  golden: GoldenQuestion,
  options: EvaluationOptions,
  signal: AbortSignal,
): Promise<QuestionResult> {
  const asked = { question: golden.question, history: golden.history ?? [], signal };
  const result = emptyResult(golden);
  let found: SearchOutcome | null = null;
  try {
    if (target.search !== null) {
      found = await target.search(asked, options.retrieved ?? RETRIEVED);
      result.retrieval = scoreRetrieval(golden, found);
      Object.assign(result, passesOf(golden, result.retrieval));
      result.leaks = leaksIn(golden, target.allowedKnowledgeBaseIds, found.passages);
    }
  } catch (error) {
    note(result, 'search', error);
    if (golden.sources.length > 0) result.retrieval_passed = false;
  }
  if (options.answers === false) return result;
  try {
    const answer = await target.ask(asked);
    await addAnswer(result, target, golden, answer, found, options, signal);
  } catch (error) {
    note(result, 'ask', error);
    result.answer_passed = false;
    result.failures = ['unanswered'];
  }
  return result;
}

async function addAnswer(
  result: QuestionResult,
  target: EvaluationTarget,
  golden: GoldenQuestion,
  answer: AskOutcome,
  found: SearchOutcome | null,
  options: EvaluationOptions,
  signal: AbortSignal,
): Promise<void> {
  if (answer.text.trim() === '') throw new EvaluationFailure('empty_answer', 'The answer holds no text.');
  const seen = answer.passages ?? found?.passages ?? [];
  const evidence = evidenceOf(seen, answer.citations);
  const score = await scoreAnswer(target, golden, answer, evidence, signal);
  const shown = [...seen, ...answer.citations];
  const leaks = leaksIn(golden, target.allowedKnowledgeBaseIds, shown);
  result.leaks = [...new Set([...result.leaks, ...leaks])];
  if (options.judge != null && !score.declined && evidence.length > 0) {
    const judged = { question: golden.question, answer: answer.text, passages: evidence, signal };
    score.judge = await judgeAnswer(options.judge, judged, options.judgeRepeats);
  }
  result.answer = score;
  result.failures = failuresOf(golden, score, result.leaks);
  result.answer_passed = result.failures.length === 0;
}

/** What is said of where a passage stands follows from it as its words do: 《休假办法》第五条. */
function evidenceOf(seen: readonly FoundPassage[], citations: readonly GivenCitation[]): string[] {
  const placeOf = new Map(citations.map((citation) => [citation.chunkId, citation]));
  return seen.map((passage) => {
    const cited = placeOf.get(passage.chunkId);
    const headings = cited?.headings ?? passage.headings;
    return describePlace(
      { ...passage, headings, article: passage.article ?? cited?.article ?? null },
      passage.text,
    );
  });
}

function emptyResult(golden: GoldenQuestion): QuestionResult {
  const { id, question, category, style, language } = golden;
  return {
    id,
    question,
    category,
    style,
    language,
    answerable: isAnswerable(golden),
    retrieval: null,
    answer: null,
    leaks: [],
    error: null,
    retrieval_passed: null,
    answer_passed: null,
    failures: [],
  };
}

function note(result: QuestionResult, stage: 'search' | 'ask', error: unknown): void {
  const code = error instanceof EvaluationFailure ? error.code : 'failed';
  result.error = { stage, code, message: error instanceof Error ? error.message : String(error) };
}

function tally(names: readonly (string | null | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) if (name != null) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
