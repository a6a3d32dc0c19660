import type { z } from 'zod';
import type {
  EvaluationReply,
  GoldenQuestionReply,
  GoldenSetReply,
} from '../../contract/replies/evaluation.ts';
import type { EvaluationRecord } from '../../evaluation/results/evaluations.ts';
import type { StoredQuestion } from '../../evaluation/sets/golden-questions.ts';
import type { GoldenSetRecord } from '../../evaluation/sets/golden-sets.ts';

export function goldenSetObject(set: GoldenSetRecord): z.infer<typeof GoldenSetReply> {
  return {
    id: set.id,
    object: 'golden_set',
    name: set.name,
    description: set.description,
    knowledge_base_ids: set.knowledgeBaseIds,
    questions: set.approved,
    drafts: set.drafts,
    baseline_id: set.baselineId,
    last_evaluation_id: set.lastEvaluationId,
    last_verdict: set.lastVerdict,
    created_at: seconds(set.createdAt),
    updated_at: seconds(set.updatedAt),
  };
}

export function goldenQuestionObject(stored: StoredQuestion): z.infer<typeof GoldenQuestionReply> {
  return {
    id: stored.id,
    object: 'golden_question',
    state: stored.state,
    origin: stored.origin,
    position: stored.position,
    question: stored.question,
    created_at: seconds(stored.createdAt),
    updated_at: seconds(stored.updatedAt),
  };
}

export function evaluationObject(
  made: EvaluationRecord,
  baselines: ReadonlySet<string>,
): z.infer<typeof EvaluationReply> {
  return {
    id: made.id,
    object: 'evaluation',
    golden_set_id: made.goldenSetId,
    name: made.summary.name,
    run_id: made.runId,
    occasion: made.occasion,
    verdict: made.verdict,
    reasons: made.summary.reasons,
    baseline_id: made.baselineId,
    is_baseline: baselines.has(made.id),
    program_version: made.summary.programVersion,
    totals: made.summary.totals,
    created_at: seconds(made.createdAt),
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
