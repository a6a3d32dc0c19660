import type { GoldenQuestion } from '../../contract/golden.ts';
import type { ScopedSql } from '../../ledger/scope.ts';
import { isAnswerable } from '../golden.ts';
import { findEvaluation } from '../results/evaluations.ts';
import { listQuestions } from './golden-questions.ts';
import { findGoldenSet } from './golden-sets.ts';

/**
 * What the health check may ask of a set: approved questions that stand alone and whose answer is known by its facts.
 * With a baseline only those that passed in it, for a question that was never answered rightly is no news.
 */
export async function canaryQuestions(
  sql: ScopedSql,
  name: string,
): Promise<{ questions: GoldenQuestion[]; knowledgeBaseId: string | null }> {
  const set = await findGoldenSet(sql, name);
  if (set === null) return { questions: [], knowledgeBaseId: null };
  const baseline = set.baselineId === null ? null : await findEvaluation(sql, set.baselineId);
  const passed = new Map(baseline?.result.questions.map((one) => [one.id, one.answer_passed]));
  const stored = await listQuestions(sql, set.id, { state: 'approved' });
  const questions = stored
    .map(({ question }) => question)
    .filter((one) => isAnswerable(one) && one.facts.length > 0 && (one.history ?? []).length === 0)
    .filter(({ id }) => baseline === null || passed.get(id) === true);
  return { questions, knowledgeBaseId: set.knowledgeBaseIds?.[0] ?? null };
}
