/** Checks that need no statistics: may the two be compared, and is there anything that must never be? */
import type { EvaluationCheck, EvaluationResult } from '../../contract/evaluation.ts';

/** A hundredth of all citations may be left unlooked at, as when one document could not be read at that moment. */
const TOLERATED_UNKNOWN_SHARE = 0.01;

export function checkOf(
  name: EvaluationCheck['name'],
  verdict: EvaluationCheck['verdict'],
  reason: EvaluationCheck['reason'],
  message: string,
): EvaluationCheck {
  return {
    name,
    verdict,
    reason,
    message,
    pairs: null,
    before: null,
    after: null,
    difference: null,
    lower: null,
    upper: null,
    lost: null,
    gained: null,
    p: null,
  };
}

export function comparableCheck(before: EvaluationResult, after: EvaluationResult): EvaluationCheck {
  const refused = (reason: EvaluationCheck['reason'], message: string) =>
    checkOf('comparable', 'inconclusive', reason, message);
  if (before.identities.golden_hash !== after.identities.golden_hash) {
    return refused('golden_differs', 'The questions are not the same: save a new baseline.');
  }
  if (before.identities.scoring_version !== after.identities.scoring_version) {
    return refused('scoring_differs', 'The two were scored by different rules: save a new baseline.');
  }
  if (!before.complete || !after.complete) {
    return refused('not_complete', 'One of the two was stopped before its end: run it again.');
  }
  const earlier = new Set(before.questions.map(({ id }) => id));
  const pairs = after.questions.filter(({ id }) => earlier.has(id)).length;
  if (pairs === 0) return refused('no_pairs', 'No question was asked in both.');
  const compared = `${pairs} questions were asked in both.`;
  return { ...checkOf('comparable', 'pass', 'fine', compared), pairs };
}

/** Zero tolerance: a permission leak, a citation whose target is missing, a question without an answer. */
export function standingChecks(result: EvaluationResult): EvaluationCheck[] {
  const checks = [leakCheck(result), unansweredCheck(result)];
  return result.questions.some(({ answer }) => answer !== null) ? [...checks, citationCheck(result)] : checks;
}

function leakCheck({ questions }: EvaluationResult): EvaluationCheck {
  const leaking = questions.filter(({ leaks }) => leaks.length > 0);
  if (leaking.length === 0) return checkOf('leaks', 'pass', 'fine', 'Nothing was shown that must not be.');
  const what = [...new Set(leaking.flatMap(({ leaks }) => leaks))].slice(0, 5).join(', ');
  const message = `Documents were shown that must not be: ${what} (questions ${namesOf(leaking)}).`;
  return checkOf('leaks', 'fail', 'leaked', message);
}

function citationCheck({ questions, totals }: EvaluationResult): EvaluationCheck {
  const { missing, total, unknown } = totals.citations;
  if (missing > 0) {
    const citing = questions.filter(({ answer }) => (answer?.citations.missing ?? 0) > 0);
    const message = `${missing} of ${total} citations lead nowhere (questions ${namesOf(citing)}).`;
    return checkOf('citations', 'fail', 'target_missing', message);
  }
  if (unknown > total * TOLERATED_UNKNOWN_SHARE) {
    const message = `${unknown} of ${total} citations could not be looked at.`;
    return checkOf('citations', 'inconclusive', 'not_all_looked_at', message);
  }
  return checkOf('citations', 'pass', 'fine', `All ${total - unknown} citations lead to their documents.`);
}

function unansweredCheck({ complete, questions }: EvaluationResult): EvaluationCheck {
  const failed = questions.filter(({ error }) => error !== null);
  if (failed.length > 0) {
    const why = [...new Set(failed.map(({ error }) => error?.code))].slice(0, 3).join(', ');
    const message = `${failed.length} of ${questions.length} questions got no answer (${namesOf(failed)}): ${why}.`;
    return checkOf('unanswered', 'fail', 'unanswered', message);
  }
  if (!complete || questions.length === 0) {
    return checkOf('unanswered', 'inconclusive', 'not_complete', 'Not all questions were asked.');
  }
  return checkOf('unanswered', 'pass', 'fine', `All ${questions.length} questions were answered.`);
}

function namesOf(questions: readonly { id: string }[]): string {
  const named = questions.slice(0, 5).map(({ id }) => id);
  return questions.length > named.length ? `${named.join(', ')}, …` : named.join(', ');
}
