/** Is the second evaluation as good as the first? Pass, fail or inconclusive, with the reason. */
import type {
  Comparison,
  EvaluationCheck,
  EvaluationResult,
  QuestionResult,
  Verdict,
} from '../../contract/evaluation.ts';
import { factRecallOf } from '../totals.ts';
import { changedIdentities } from './changed-identities.ts';
import { checkOf, comparableCheck, standingChecks } from './standing-checks.ts';
import { bootstrapBounds, exactMcNemar } from './statistics.ts';

export interface CompareOptions {
  /** δ: what a mean score may fall by before that counts as worse. */
  margin?: number;
  seed?: number;
  /** Another evaluation of what was before: what differs there is noise. */
  control?: EvaluationResult | null;
}

export const MARGIN = 0.03;
export const SEED = 20_261_121;
/** Of McNemar's test. */
const SIGNIFICANCE = 0.05;

interface Pair {
  id: string;
  before: QuestionResult;
  after: QuestionResult;
}

type PairedValues = { id: string; before: number; after: number }[];

/**
 * Fails: a leak, a citation that leads nowhere, a question without an answer, or a score that is worse beyond doubt:
 * McNemar's exact test of passes and failures (p < 0.05, more lost than gained), or a bootstrap interval of the paired
 * differences that lies below −δ as a whole. Passes only where the interval lies above −δ as a whole, for every score.
 * Everything else is inconclusive: too few questions, other questions, one that was cut short, noise of its own.
 */
export function compareEvaluations(
  before: EvaluationResult,
  after: EvaluationResult,
  options: CompareOptions = {},
): Comparison {
  const margin = options.margin ?? MARGIN;
  const seed = options.seed ?? SEED;
  const comparable = comparableCheck(before, after);
  const pairs = comparable.verdict === 'pass' ? pairsOf(before, after) : [];
  const checks = [
    comparable,
    ...standingChecks(after),
    ...(pairs.length === 0 ? [] : pairedChecks(pairs, before, after, margin, seed)),
  ];
  if (options.control != null) checks.push(controlCheck(before, options.control, margin, seed));
  const passes = passPairs(pairs, 'answer_passed').concat(passPairs(pairs, 'retrieval_passed'));
  return {
    ...concluded(checks),
    checks,
    changed: changedIdentities(before, after),
    lost_questions: unique(passes.filter((pair) => pair.before > pair.after)),
    gained_questions: unique(passes.filter((pair) => pair.before < pair.after)),
    margin,
    seed,
  };
}

/** An evaluation by itself: what is wrong whatever was before. Without a baseline quality cannot be told. */
export function judgeAlone(result: EvaluationResult): Comparison {
  const missing = checkOf(
    'comparable',
    'inconclusive',
    'no_baseline',
    'There is no baseline to compare with.',
  );
  const checks = [missing, ...standingChecks(result)];
  return {
    ...concluded(checks),
    checks,
    changed: [],
    lost_questions: [],
    gained_questions: [],
    margin: MARGIN,
    seed: SEED,
  };
}

function concluded(checks: readonly EvaluationCheck[]): Pick<Comparison, 'verdict' | 'reasons'> {
  const verdict: Verdict =
    (['fail', 'inconclusive'] as const).find((one) => checks.some((check) => check.verdict === one)) ??
    'pass';
  return {
    verdict,
    reasons: checks
      .filter((check) => check.verdict === verdict && verdict !== 'pass')
      .map(({ message }) => message),
  };
}

function pairsOf(before: EvaluationResult, after: EvaluationResult): Pair[] {
  const earlier = new Map(before.questions.map((question) => [question.id, question]));
  return after.questions.flatMap((question) => {
    const one = earlier.get(question.id);
    return one === undefined ? [] : [{ id: question.id, before: one, after: question }];
  });
}

function pairedChecks(
  pairs: readonly Pair[],
  before: EvaluationResult,
  after: EvaluationResult,
  margin: number,
  seed: number,
): EvaluationCheck[] {
  const checks = [
    passCheck('retrieval', passPairs(pairs, 'retrieval_passed'), margin, seed),
    scoreCheck('ranks', valuePairs(pairs, reciprocalRank), margin, seed),
    passCheck('answers', passPairs(pairs, 'answer_passed'), margin, seed),
    scoreCheck('facts', valuePairs(pairs, factsOf), margin, seed),
    scoreCheck('support', valuePairs(pairs, supportOf), margin, seed),
  ].filter((check) => check !== null);
  const judged = before.identities.judge !== null && after.identities.judge !== null;
  return judged ? [...checks, judgeCheck(pairs, margin, seed)] : checks;
}

function passPairs(pairs: readonly Pair[], key: 'answer_passed' | 'retrieval_passed'): PairedValues {
  return valuePairs(pairs, (question) => (question[key] === null ? null : Number(question[key])));
}

/** Those that have a value on both sides. */
function valuePairs(
  pairs: readonly Pair[],
  valueOf: (question: QuestionResult) => number | null,
): PairedValues {
  return pairs.flatMap(({ id, before, after }) => {
    const values = { id, before: valueOf(before), after: valueOf(after) };
    return values.before === null || values.after === null ? [] : [values as PairedValues[number]];
  });
}

type CheckName = EvaluationCheck['name'];

function passCheck(
  name: CheckName,
  values: PairedValues,
  margin: number,
  seed: number,
): EvaluationCheck | null {
  const check = scoreCheck(name, values, margin, seed);
  if (check === null) return null;
  const lost = values.filter((pair) => pair.before > pair.after).length;
  const gained = values.filter((pair) => pair.before < pair.after).length;
  const p = exactMcNemar(lost, gained);
  const counted = { ...check, lost, gained, p };
  if (p >= SIGNIFICANCE || lost <= gained) return counted;
  const message = `${name}: ${lost} lost, ${gained} gained of ${values.length}; that is no chance (p = ${p.toFixed(4)}).`;
  return { ...counted, verdict: 'fail', reason: 'worse', message };
}

/** Null where no question has the score. */
function scoreCheck(
  name: CheckName,
  values: PairedValues,
  margin: number,
  seed: number,
): EvaluationCheck | null {
  if (values.length === 0) return null;
  const differences = values.map((pair) => pair.after - pair.before);
  const { mean, lower, upper } = bootstrapBounds(differences, seed);
  const average = (side: 'before' | 'after') =>
    values.reduce((sum, pair) => sum + pair[side], 0) / values.length;
  const outcome =
    lower > -margin
      ? (['pass', 'not_worse'] as const)
      : upper < -margin
        ? (['fail', 'worse'] as const)
        : (['inconclusive', 'too_few'] as const);
  const range = `${signed(mean)}, between ${signed(lower)} and ${signed(upper)} on ${values.length} questions`;
  const tail = outcome[0] === 'inconclusive' ? `: too few questions to rule out a loss of ${margin}` : '';
  return {
    ...checkOf(name, outcome[0], outcome[1], `${name}: ${range}${tail}.`),
    pairs: values.length,
    before: average('before'),
    after: average('after'),
    difference: mean,
    lower,
    upper,
  };
}

/** What the judge left open counts as bad here: errors must not make a pass. Alone they make no failure either. */
function judgeCheck(pairs: readonly Pair[], margin: number, seed: number): EvaluationCheck {
  const verdictOf = ({ answer }: QuestionResult) => answer?.judge?.verdict ?? null;
  const decided = valuePairs(pairs, (question) => {
    const verdict = verdictOf(question);
    return verdict === null || verdict === 'inconclusive' ? null : Number(verdict === 'faithful');
  });
  const worst = pairs
    .filter(({ before, after }) => verdictOf(before) === 'faithful' && verdictOf(after) !== null)
    .map(({ id, after }) => ({ id, before: 1, after: Number(verdictOf(after) === 'faithful') }));
  const others = decided.filter((pair) => pair.before === 0);
  const check = passCheck('judge', decided, margin, seed);
  const cautious = passCheck('judge', [...worst, ...others], margin, seed);
  if (check?.verdict === 'fail') return check;
  if (check?.verdict === 'pass' && cautious?.verdict === 'pass') return cautious;
  const open = pairs.filter(({ after }) => verdictOf(after) === 'inconclusive').length;
  if (check !== null && open === 0) return check;
  return checkOf(
    'judge',
    'inconclusive',
    'judge_undecided',
    `The judge came to no verdict on ${open} answers.`,
  );
}

/** Two evaluations of one state have to agree, or nothing can be told by comparing. */
function controlCheck(
  before: EvaluationResult,
  control: EvaluationResult,
  margin: number,
  seed: number,
): EvaluationCheck {
  const { verdict, reasons } = compareEvaluations(before, control, { margin, seed });
  if (verdict === 'pass')
    return checkOf('control', 'pass', 'fine', 'The control agrees with what was before.');
  const why = `Two evaluations of the same state differ: ${reasons.join(' ')}`;
  return checkOf('control', 'inconclusive', 'noisy', why);
}

function reciprocalRank(question: QuestionResult): number | null {
  if (question.retrieval_passed === null) return null;
  const rank = question.retrieval?.rank ?? null;
  return rank === null || rank > 10 ? 0 : 1 / rank;
}

function factsOf(question: QuestionResult): number | null {
  if (!question.answerable || question.answer_passed === null) return null;
  if (question.answer !== null && question.answer.facts_total === 0) return null;
  return factRecallOf(question);
}

function supportOf({ answer }: QuestionResult): number | null {
  if (answer === null) return null;
  const judged = answer.support.claims - answer.support.unknown;
  return judged === 0 ? null : answer.support.supported / judged;
}

function unique(pairs: PairedValues): string[] {
  return [...new Set(pairs.map(({ id }) => id))];
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}
