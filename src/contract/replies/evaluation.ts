/** What the routes of golden sets and evaluations answer. */
import { z } from 'zod';
import { Comparison, EvaluationResult, EvaluationTotals, VERDICTS } from '../evaluation.ts';
import { GoldenQuestion } from '../golden.ts';
import { Seconds } from './common.ts';

const Verdict = z.enum(VERDICTS);

export const GoldenSetReply = z
  .object({
    id: z.string(),
    object: z.literal('golden_set'),
    name: z.string(),
    description: z.string().nullable(),
    /** Null asks the workspace's default knowledge base. */
    knowledge_base_ids: z.array(z.string()).nullable(),
    questions: z.int(),
    drafts: z.int(),
    baseline_id: z.string().nullable(),
    last_evaluation_id: z.string().nullable(),
    last_verdict: Verdict.nullable(),
    created_at: Seconds,
    updated_at: Seconds,
  })
  .meta({ id: 'GoldenSet' });

export const GoldenQuestionReply = z
  .object({
    id: z.string(),
    object: z.literal('golden_question'),
    state: z.enum(['approved', 'draft']),
    origin: z.enum(['import', 'person', 'conversation', 'document']),
    position: z.int(),
    question: GoldenQuestion,
    created_at: Seconds,
    updated_at: Seconds,
  })
  .meta({ id: 'StoredGoldenQuestion' });

export const GoldenQuestionsReply = z.object({
  object: z.literal('list'),
  data: z.array(GoldenQuestionReply),
  has_more: z.boolean(),
});

export const GoldenImportReply = z.object({
  object: z.literal('golden_set.import'),
  imported: z.int(),
  golden_set: GoldenSetReply,
});

export const StartedReply = z.object({ object: z.literal('run.started'), run_id: z.string() });

export const EvaluationStartedReply = z.object({
  id: z.string(),
  object: z.literal('evaluation.started'),
  run_id: z.string(),
});

const evaluation = {
  id: z.string(),
  object: z.literal('evaluation'),
  golden_set_id: z.string().nullable(),
  name: z.string(),
  run_id: z.string(),
  occasion: z.enum(['manual', 'schedule', 'restore', 'upgrade', 'index', 'settings']),
  verdict: Verdict,
  reasons: z.array(z.string()),
  /** What it was compared with. */
  baseline_id: z.string().nullable(),
  is_baseline: z.boolean(),
  program_version: z.string().nullable(),
  totals: EvaluationTotals,
  created_at: Seconds,
};

export const EvaluationReply = z.object(evaluation).meta({ id: 'Evaluation' });

export const WholeEvaluationReply = z
  .object({ ...evaluation, comparison: Comparison, result: EvaluationResult })
  .meta({ id: 'WholeEvaluation' });
