import { createHash } from 'node:crypto';
import { bootstrapBounds, exactMcNemar } from '../../evaluation/compare/statistics.ts';
import { recordsOf } from '../log/read-log.ts';
import type { DrillRecordOf } from '../log/record.ts';
import type { Timeline } from './timeline.ts';

/** By how much quality may go down where the scenario does not say. */
const DEFAULT_DELTA = 0.03;
const SIGNIFICANT = 0.05;

export interface Quality {
  verdict: 'pass' | 'fail' | 'inconclusive';
  reason: string;
  goldenSet: string;
  pairs: number;
  /** Pairs of which one could not be judged. */
  inconclusive: number;
  beforePassed: number;
  afterPassed: number;
  difference: number | null;
  lowerBound: number | null;
  mcnemarP: number | null;
  controlDifference: number | null;
  controlLowerBound: number | null;
  violations: readonly string[];
}

type Evaluation = DrillRecordOf<'evaluation'>;

/**
 * The same questions before and after, and once more without a fault, which shows the noise. What nobody may see fails
 * whatever the figures are. Null where nothing was evaluated after the fault.
 */
export function qualityOf({ records, facts }: Timeline): Quality | null {
  const last = (role: Evaluation['role']): Evaluation | null =>
    recordsOf(records, 'evaluation').findLast((record) => record.role === role) ?? null;
  const [before, control, after] = [last('before'), last('control'), last('after')];
  if (after === null) return null;
  const delta = facts.objectives.qualityDelta ?? DEFAULT_DELTA;
  const pair = pairsOf(before, after);
  const noise = pairsOf(before, control);
  const own = comparisonOf(pair, facts.seed);
  const controlOwn = comparisonOf(noise, facts.seed);
  const { verdict, reason } = judge({ before, control, after, own, controlOwn, delta });
  return {
    verdict,
    reason,
    goldenSet: after.goldenSetSha256,
    pairs: pair.pairs.length,
    inconclusive: pair.inconclusive,
    beforePassed: pair.pairs.filter(([left]) => left.passed === true).length,
    afterPassed: pair.pairs.filter(([, right]) => right.passed === true).length,
    difference: own.difference,
    lowerBound: own.lowerBound,
    mcnemarP: own.mcnemarP,
    controlDifference: controlOwn.difference,
    controlLowerBound: controlOwn.lowerBound,
    violations: after.violations,
  };
}

interface Comparison {
  difference: number | null;
  lowerBound: number | null;
  upperBound: number | null;
  mcnemarP: number | null;
  gotWorse: number;
  gotBetter: number;
}

function judge(parts: {
  before: Evaluation | null;
  control: Evaluation | null;
  after: Evaluation;
  own: Comparison;
  controlOwn: Comparison;
  delta: number;
}): Pick<Quality, 'verdict' | 'reason'> {
  const { before, control, after, own, controlOwn, delta } = parts;
  const inconclusive = (reason: string) => ({ verdict: 'inconclusive', reason }) as const;
  if (after.violations.length > 0) return { verdict: 'fail', reason: 'violation' };
  if (before === null || own.lowerBound === null) return inconclusive('no-pairs');
  const sets = [before, control ?? before, after].map(({ goldenSetSha256 }) => goldenSetSha256);
  if (new Set(sets).size > 1) return inconclusive('other-golden-set');
  const isSignificant = (own.mcnemarP ?? 1) < SIGNIFICANT && own.gotWorse > own.gotBetter;
  if (isSignificant || (own.upperBound ?? 0) < -delta) return { verdict: 'fail', reason: 'worse' };
  if (control === null || controlOwn.lowerBound === null) return inconclusive('no-control');
  if (controlOwn.lowerBound <= -delta) return inconclusive('noise');
  return own.lowerBound > -delta ? { verdict: 'pass', reason: 'met' } : inconclusive('too-few-questions');
}

type Question = Evaluation['questions'][number];

function pairsOf(
  left: Evaluation | null,
  right: Evaluation | null,
): { pairs: [Question, Question][]; inconclusive: number } {
  if (left === null || right === null) return { pairs: [], inconclusive: 0 };
  const rights = new Map(right.questions.map((question) => [question.id, question]));
  const all = left.questions.flatMap((question): [Question, Question][] => {
    const other = rights.get(question.id);
    return other === undefined ? [] : [[question, other]];
  });
  const pairs = all.filter((pair) => pair.every(({ passed }) => passed !== null));
  return { pairs, inconclusive: all.length - pairs.length };
}

function comparisonOf({ pairs }: { pairs: [Question, Question][] }, seed: string): Comparison {
  const gotWorse = pairs.filter(([left, right]) => left.passed === true && right.passed === false).length;
  const gotBetter = pairs.filter(([left, right]) => left.passed === false && right.passed === true).length;
  const changes = { gotWorse, gotBetter };
  if (pairs.length === 0)
    return { difference: null, lowerBound: null, upperBound: null, mcnemarP: null, ...changes };
  const differences = pairs.map(([left, right]) => scoreOf(right) - scoreOf(left));
  const { lower, upper } = bootstrapBounds(differences, numberOf(seed));
  return {
    difference: differences.reduce((sum, value) => sum + value, 0) / differences.length,
    lowerBound: lower,
    upperBound: upper,
    mcnemarP: exactMcNemar(gotWorse, gotBetter),
    ...changes,
  };
}

function numberOf(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32LE(0);
}

function scoreOf({ score, passed }: Question): number {
  return score ?? (passed === true ? 1 : 0);
}
