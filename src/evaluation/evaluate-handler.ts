/** The run kind `evaluate`: asks a golden set through the front door, compares with the baseline, keeps what was found. */

import { BudaoError } from '../contract/errors.ts';
import type { EvaluationSubject, QuestionResult, Verdict } from '../contract/evaluation.ts';
import type { GoldenQuestion } from '../contract/golden.ts';
import { newId } from '../contract/ids.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';
import { RunInterruption } from '../runs/interruption.ts';
import type { Run, RunContext, RunHandler } from '../runs/run.ts';
import { submitRun } from '../runs/run-store.ts';
import { compareEvaluations, judgeAlone } from './compare/compare.ts';
import type { AskModel } from './drafts/by-model.ts';
import type { Judge } from './judge.ts';
import { findEvaluation, type Occasion, saveEvaluation } from './results/evaluations.ts';
import { runEvaluation } from './run-evaluation.ts';
import { approvedQuestions } from './sets/golden-questions.ts';
import { changeGoldenSet, requireGoldenSet } from './sets/golden-sets.ts';
import { EvaluationFailure } from './target.ts';
import { openBudaoTarget } from './targets/budao-target.ts';

export const EVALUATE_RUN = 'evaluate';
export const EVALUATE_PROGRESS = 'evaluate.progress';

const TIMEOUT_MS = 6 * 60 * 60_000;

export interface EvaluateInput {
  evaluationId: string;
  goldenSetId: string | null;
  name: string;
  /** Given with the request instead of a set. */
  questions: GoldenQuestion[] | null;
  /** Null asks those of the set, or the default one. */
  knowledgeBaseIds: string[] | null;
  model: string | null;
  answers: boolean;
  judge: boolean;
  saveBaseline: boolean;
  occasion: Occasion;
}

/** The result of the run; the rest is kept under `evaluationId`. */
export interface EvaluateOutput {
  evaluationId: string;
  verdict: Verdict;
  reasons: string[];
  isBaseline: boolean;
}

/** What evaluations need of the installation that they run in. */
export interface EvaluationSite {
  /** Where people ask, with a key of the workspace that ends with the disposal. @throws BudaoError evaluation_unreachable */
  openFrontDoor(workspaceId: string): Promise<FrontDoor>;
  /** What this installation knows of itself. */
  subject(): Promise<Partial<Pick<EvaluationSubject, 'program_version' | 'prompt_version' | 'models'>>>;
  /** Null where no model is configured. */
  judge(): Judge | null;
  /** The same model for drafts. */
  askModel(): AskModel | null;
}

export interface FrontDoor extends AsyncDisposable {
  baseUrl: string;
  apiKey: string;
  /** Noted on the questions. */
  metadata: Record<string, string>;
}

export async function submitEvaluation(
  tx: Sql,
  workspaceId: string,
  wanted: Omit<EvaluateInput, 'evaluationId'>,
  now: number,
): Promise<{ run: Run; evaluationId: string }> {
  const evaluationId = newId('evaluation');
  const input: EvaluateInput = { ...wanted, evaluationId };
  const request = {
    kind: EVALUATE_RUN,
    workspaceId,
    subjectId: wanted.goldenSetId ?? evaluationId,
    input,
    priority: -10,
    timeoutMs: TIMEOUT_MS,
  };
  const { run } = await submitRun(tx, request, now);
  return { run, evaluationId };
}

export function createEvaluateHandler(ledger: Ledger, site: EvaluationSite): RunHandler<EvaluateInput> {
  return {
    kind: EVALUATE_RUN,
    concurrency: 1,
    async handle(context) {
      try {
        return { status: 'completed', result: await evaluate(ledger, site, context) };
      } catch (error) {
        if (context.signal.reason instanceof RunInterruption) throw context.signal.reason;
        if (!(error instanceof EvaluationFailure)) throw error;
        throw new BudaoError('invalid', 'evaluation_failed', error.message, { cause: error });
      }
    },
  };
}

async function evaluate(
  ledger: Ledger,
  site: EvaluationSite,
  context: RunContext<EvaluateInput>,
): Promise<EvaluateOutput> {
  const { input, run, signal } = context;
  const own = scopeSql(ledger.read, run.workspaceId);
  const set = input.goldenSetId === null ? null : await requireGoldenSet(own, input.goldenSetId);
  const questions = input.questions ?? (set === null ? [] : await approvedQuestions(own, set.id));
  await using door = await site.openFrontDoor(run.workspaceId);
  const bases = input.knowledgeBaseIds ?? set?.knowledgeBaseIds ?? [];
  const target = await openBudaoTarget({
    ...door,
    knowledgeBases: bases,
    subject: await site.subject(),
    ...(input.model === null ? {} : { model: input.model }),
  });
  const result = await runEvaluation(
    target,
    { name: input.name, questions },
    {
      signal,
      answers: input.answers,
      judge: input.judge ? site.judge() : null,
      // What was asked before whoever died is not asked again.
      remember: (question, ask) =>
        context.step<QuestionResult>(`question ${question.id}`, ask, { lazy: true }),
      onQuestion: (_, done, total) =>
        void context.emit(EVALUATE_PROGRESS, { done, total }, { lazy: true }).catch(() => undefined),
    },
  );
  if (signal.aborted) throw signal.reason;
  const baseline = set?.baselineId == null ? null : await findEvaluation(own, set.baselineId);
  const comparison = baseline === null ? judgeAlone(result) : compareEvaluations(baseline.result, result);
  const isBaseline = set !== null && input.saveBaseline && comparison.verdict !== 'fail' && result.complete;
  const now = ledgerTime();
  await context.transaction(async (tx) => {
    const scoped = scopeSql(tx, run.workspaceId);
    await saveEvaluation(scoped, {
      id: input.evaluationId,
      goldenSetId: set?.id ?? null,
      runId: run.id,
      occasion: input.occasion,
      baselineId: baseline?.id ?? null,
      result,
      comparison,
      createdAt: now,
    });
    if (isBaseline) {
      const latest = await requireGoldenSet(scoped, set.id);
      await changeGoldenSet(scoped, latest, { baselineId: input.evaluationId }, now);
    }
  });
  const { verdict, reasons } = comparison;
  return { evaluationId: input.evaluationId, verdict, reasons, isBaseline };
}
