/** Evaluations: start one, read what was found, compare two. */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { missingKnowledgeBases } from '../../answers/knowledge-bases.ts';
import { BudaoError } from '../../contract/errors.ts';
import { Comparison } from '../../contract/evaluation.ts';
import { CompareBody, EvaluationBody, EvaluationsQuery } from '../../contract/evaluation-requests.ts';
import { listPage } from '../../contract/openai/common.ts';
import { pageOf } from '../../contract/replies/common.ts';
import {
  EvaluationReply,
  EvaluationStartedReply,
  WholeEvaluationReply,
} from '../../contract/replies/evaluation.ts';
import { compareEvaluations } from '../../evaluation/compare/compare.ts';
import { submitEvaluation } from '../../evaluation/evaluate-handler.ts';
import { parseGolden } from '../../evaluation/golden.ts';
import { listEvaluations, requireEvaluation } from '../../evaluation/results/evaluations.ts';
import { approvedQuestions } from '../../evaluation/sets/golden-questions.ts';
import { listGoldenSets, requireGoldenSet } from '../../evaluation/sets/golden-sets.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { type ScopedSql, scopeLedger } from '../../ledger/scope.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { type ById, type EvaluationDependencies, tag } from './dependencies.ts';
import { evaluationObject } from './evaluation-objects.ts';

const UNNAMED = 'questions';

export function evaluationRoutes({ ledger, runs }: EvaluationDependencies): FastifyPluginAsync {
  const own = (request: FastifyRequest) => scopeLedger(ledger, request.principal.workspaceId).read;

  const start = async (request: FastifyRequest): Promise<unknown> => {
    const body = validateBody(EvaluationBody, request.body);
    const read = own(request);
    const set = body.golden_set === undefined ? null : await requireGoldenSet(read, body.golden_set);
    // What cannot be asked is refused here, and not by a run that fails.
    if (set !== null) await approvedQuestions(read, set.id);
    const questions = body.questions === undefined ? null : parseGolden(body.questions);
    const bases = body.knowledge_base_ids ?? null;
    const missing = await missingKnowledgeBases(read, bases ?? set?.knowledgeBaseIds ?? []);
    if (missing.length > 0) {
      throw new BudaoError(
        'not_found',
        'knowledge_base_not_found',
        `There is no knowledge base ${missing.join(', ')}.`,
        { param: 'knowledge_base_ids' },
      );
    }
    const input = {
      goldenSetId: set?.id ?? null,
      name: body.name ?? set?.name ?? UNNAMED,
      questions,
      knowledgeBaseIds: bases,
      model: body.model ?? null,
      answers: body.answers,
      judge: body.judge,
      saveBaseline: body.save_baseline,
      occasion: 'manual' as const,
    };
    const { workspaceId } = request.principal;
    const { run, evaluationId } = await ledger.transaction((tx) =>
      submitEvaluation(tx, workspaceId, input, ledgerTime()),
    );
    runs.announce(run);
    return { id: evaluationId, object: 'evaluation.started', run_id: run.id };
  };

  return async (app) => {
    const role = 'editor' as const;
    app.post(
      '/ops/evaluations',
      {
        config: {
          role,
          operation: {
            summary: 'Start an evaluation',
            answer: EvaluationStartedReply,
            tag,
            body: EvaluationBody,
          },
        },
      },
      start,
    );
    app.get(
      '/ops/evaluations',
      {
        config: {
          role,
          operation: {
            summary: 'List evaluations, the newest first',
            answer: pageOf(EvaluationReply),
            tag,
            query: EvaluationsQuery,
          },
        },
      },
      async (request) => {
        const query = validate(EvaluationsQuery, request.query);
        const read = own(request);
        const set = query.golden_set === undefined ? null : await requireGoldenSet(read, query.golden_set);
        const found = await listEvaluations(read, {
          goldenSetId: set?.id ?? null,
          limit: query.limit + 1,
          after: query.after ?? null,
        });
        const baselines = await baselineIds(read);
        return listPage(
          found.map((made) => evaluationObject(made, baselines)),
          query.limit,
        );
      },
    );
    app.get<ById>(
      '/ops/evaluations/:id',
      {
        config: {
          role,
          operation: { summary: 'Read an evaluation', answer: WholeEvaluationReply, tag },
        },
      },
      async (request) => {
        const read = own(request);
        const made = await requireEvaluation(read, request.params.id);
        const { comparison, result } = made;
        return { ...evaluationObject(made, await baselineIds(read)), comparison, result };
      },
    );
    app.post(
      '/ops/evaluations/compare',
      {
        config: {
          role,
          operation: { summary: 'Compare two evaluations', answer: Comparison, tag, body: CompareBody },
        },
      },
      async (request) => {
        const body = validateBody(CompareBody, request.body);
        const read = own(request);
        const before = await requireEvaluation(read, body.before);
        const after = await requireEvaluation(read, body.after);
        const control = body.control == null ? null : await requireEvaluation(read, body.control);
        return compareEvaluations(before.result, after.result, {
          ...(body.margin === undefined ? {} : { margin: body.margin }),
          ...(body.seed === undefined ? {} : { seed: body.seed }),
          control: control?.result ?? null,
        });
      },
    );
  };
}

async function baselineIds(read: ScopedSql): Promise<Set<string>> {
  return new Set((await listGoldenSets(read)).flatMap(({ baselineId }) => baselineId ?? []));
}
