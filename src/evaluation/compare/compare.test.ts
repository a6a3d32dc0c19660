import { expect, test } from 'vitest';
import type { EvaluationResult, QuestionResult } from '../../contract/evaluation.ts';
import { evaluationOf } from '../testing.ts';
import { compareEvaluations, judgeAlone } from './compare.ts';

const QUESTIONS = 60;
const good = evaluationOf(QUESTIONS);

/** The same evaluation with its first `count` questions sabotaged. */
function sabotaged(count: number, sabotage: (question: QuestionResult) => void): EvaluationResult {
  return evaluationOf(QUESTIONS, (question, at) => {
    if (at < count) sabotage(question);
  });
}

function verdictOf(after: EvaluationResult, name: string): unknown {
  const { verdict, checks, reasons } = compareEvaluations(good, after);
  const check = checks.find((one) => one.name === name);
  return {
    verdict,
    check: check?.verdict,
    reason: check?.reason,
    isTold: reasons.includes(check?.message ?? ''),
  };
}

test('what is the same passes, and says nothing against it', () => {
  expect(compareEvaluations(good, evaluationOf(QUESTIONS))).toMatchObject({
    verdict: 'pass',
    reasons: [],
    changed: [],
  });
});

test('a leak fails, however good the rest', () => {
  const leaking = sabotaged(1, (question) => question.leaks.push('工资.xlsx'));
  expect(verdictOf(leaking, 'leaks')).toEqual({
    verdict: 'fail',
    check: 'fail',
    reason: 'leaked',
    isTold: true,
  });
});

test('a citation that leads nowhere fails', () => {
  const broken = sabotaged(1, ({ answer }) =>
    Object.assign(answer?.citations ?? {}, { exists: 0, missing: 1 }),
  );
  expect(verdictOf(broken, 'citations')).toEqual({
    verdict: 'fail',
    check: 'fail',
    reason: 'target_missing',
    isTold: true,
  });
});

test('citations that could not be looked at make it inconclusive', () => {
  const hidden = sabotaged(30, ({ answer }) =>
    Object.assign(answer?.citations ?? {}, { exists: 0, unknown: 1 }),
  );
  expect(verdictOf(hidden, 'citations')).toMatchObject({
    verdict: 'inconclusive',
    reason: 'not_all_looked_at',
  });
});

test('a question without an answer fails', () => {
  const silent = sabotaged(1, (question) => {
    question.answer = null;
    question.answer_passed = false;
    question.error = { stage: 'ask', code: 'timeout', message: '' };
  });
  expect(verdictOf(silent, 'unanswered')).toEqual({
    verdict: 'fail',
    check: 'fail',
    reason: 'unanswered',
    isTold: true,
  });
});

test('wrong answers beyond chance fail, a single one is not enough to say', () => {
  const wrong = (count: number) => sabotaged(count, (question) => (question.answer_passed = false));
  expect(verdictOf(wrong(8), 'answers')).toEqual({
    verdict: 'fail',
    check: 'fail',
    reason: 'worse',
    isTold: true,
  });
  expect(verdictOf(wrong(2), 'answers')).toMatchObject({ verdict: 'inconclusive', reason: 'too_few' });
});

test('lost passages fail in hits and in ranks', () => {
  const lost = sabotaged(10, (question) => {
    if (question.retrieval !== null) question.retrieval.rank = null;
    question.retrieval_passed = false;
  });
  expect(verdictOf(lost, 'retrieval')).toMatchObject({ verdict: 'fail', reason: 'worse' });
  expect(verdictOf(lost, 'ranks')).toMatchObject({ check: 'fail', reason: 'worse' });
});

test('ranks that slip within the first five fail although every hit is kept', () => {
  const slipped = sabotaged(30, ({ retrieval }) => Object.assign(retrieval ?? {}, { rank: 4 }));
  expect(verdictOf(slipped, 'retrieval')).toMatchObject({ verdict: 'fail', check: 'pass' });
  expect(verdictOf(slipped, 'ranks')).toMatchObject({ check: 'fail' });
});

test('facts and support that fall fail', () => {
  const vague = sabotaged(20, ({ answer }) => Object.assign(answer ?? {}, { facts_matched: 0 }));
  expect(verdictOf(vague, 'facts')).toMatchObject({ verdict: 'fail', check: 'fail' });
  const invented = sabotaged(20, ({ answer }) => Object.assign(answer?.support ?? {}, { supported: 0 }));
  expect(verdictOf(invented, 'support')).toMatchObject({ verdict: 'fail', check: 'fail' });
});

test('other questions, other scoring or a cut run are never compared', () => {
  const changed = (change: (result: EvaluationResult) => void) => {
    const result = evaluationOf(QUESTIONS);
    change(result);
    return verdictOf(result, 'comparable');
  };
  expect(changed((result) => (result.identities.golden_hash = 'other'))).toMatchObject({
    verdict: 'inconclusive',
    reason: 'golden_differs',
  });
  expect(changed((result) => (result.identities.scoring_version = 99))).toMatchObject({
    verdict: 'inconclusive',
    reason: 'scoring_differs',
  });
  expect(changed((result) => (result.complete = false))).toMatchObject({
    verdict: 'inconclusive',
    reason: 'not_complete',
  });
});

test('a judge that fails fails, and one that says nothing decides nothing', () => {
  const judged = (count: number, verdict: 'faithful' | 'unfaithful' | 'inconclusive') =>
    evaluationOf(QUESTIONS, ({ answer }, at) => {
      const said = at < count ? verdict : 'faithful';
      if (answer !== null) answer.judge = { verdict: said, faithful: 0, unfaithful: 0, errors: 0 };
    });
  const judgeOf = (after: EvaluationResult) => {
    for (const result of [before, after]) result.identities.judge = { name: 'j', repeats: 3 };
    const { verdict, checks } = compareEvaluations(before, after);
    return { verdict, reason: checks.find(({ name }) => name === 'judge')?.reason };
  };
  const before = judged(0, 'faithful');
  expect(judgeOf(judged(0, 'faithful'))).toEqual({ verdict: 'pass', reason: 'not_worse' });
  expect(judgeOf(judged(10, 'unfaithful'))).toEqual({ verdict: 'fail', reason: 'worse' });
  expect(judgeOf(judged(10, 'inconclusive'))).toEqual({ verdict: 'inconclusive', reason: 'judge_undecided' });
  expect(judgeOf(judged(QUESTIONS, 'inconclusive'))).toEqual({
    verdict: 'inconclusive',
    reason: 'judge_undecided',
  });
});

test('a control that differs from what was before makes all of it inconclusive', () => {
  const noisy = sabotaged(10, (question) => (question.answer_passed = false));
  expect(
    compareEvaluations(good, evaluationOf(QUESTIONS), { control: evaluationOf(QUESTIONS) }).verdict,
  ).toBe('pass');
  const { verdict, checks } = compareEvaluations(good, evaluationOf(QUESTIONS), { control: noisy });
  expect(verdict).toBe('inconclusive');
  expect(checks.at(-1)?.reason).toBe('noisy');
});

test('without a baseline there is no pass, and still a failure', () => {
  expect(judgeAlone(good)).toMatchObject({
    verdict: 'inconclusive',
    checks: [{ reason: 'no_baseline' }, {}, {}, {}],
  });
  expect(judgeAlone(sabotaged(1, (question) => question.leaks.push('x'))).verdict).toBe('fail');
});

test('what the figures depend on is named where it changed', () => {
  const upgraded = evaluationOf(QUESTIONS);
  upgraded.identities.subject.program_version = '2.0.0';
  expect(compareEvaluations(good, upgraded).changed).toEqual([
    { name: 'program', before: '1.0.0', after: '2.0.0' },
  ]);
});
