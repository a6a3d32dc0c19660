/** Golden sets: questions with known answers. */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { missingKnowledgeBases } from '../../answers/knowledge-bases.ts';
import { BudaoError } from '../../contract/errors.ts';
import { GoldenImport, GoldenSetBody, GoldenSetChange } from '../../contract/evaluation-requests.ts';
import { deletionOf, wholeListOf } from '../../contract/replies/common.ts';
import { GoldenImportReply, GoldenSetReply } from '../../contract/replies/evaluation.ts';
import { parseGolden, writeGolden } from '../../evaluation/golden.ts';
import { requireEvaluation } from '../../evaluation/results/evaluations.ts';
import { clearQuestions, listQuestions, putQuestions } from '../../evaluation/sets/golden-questions.ts';
import {
  changeGoldenSet,
  createGoldenSet,
  deleteGoldenSet,
  type GoldenSetRecord,
  listGoldenSets,
  requireGoldenSet,
} from '../../evaluation/sets/golden-sets.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { type ScopedSql, scopeLedger } from '../../ledger/scope.ts';
import { validateBody } from '../foundation/validate.ts';
import { attachment } from '../knowledge/content-disposition.ts';
import { type ById, type EvaluationDependencies, tag } from './dependencies.ts';
import { goldenSetObject } from './evaluation-objects.ts';

export function goldenSetRoutes({ ledger }: EvaluationDependencies): FastifyPluginAsync {
  const own = (request: FastifyRequest) => scopeLedger(ledger, request.principal.workspaceId);

  const create = async (request: FastifyRequest): Promise<GoldenSetRecord> => {
    const body = validateBody(GoldenSetBody, request.body);
    return own(request).transaction(async (tx) => {
      await requireBases(tx, body.knowledge_base_ids);
      const wanted = {
        name: body.name,
        description: body.description,
        knowledgeBaseIds: body.knowledge_base_ids,
      };
      return requireGoldenSet(tx, await createGoldenSet(tx, wanted, ledgerTime()));
    });
  };

  const change = async (request: FastifyRequest<ById>): Promise<GoldenSetRecord> => {
    const body = validateBody(GoldenSetChange, request.body);
    return own(request).transaction(async (tx) => {
      const set = await requireGoldenSet(tx, request.params.id);
      await requireBases(tx, body.knowledge_base_ids);
      if (body.baseline_id != null) await requireEvaluationOf(tx, set.id, body.baseline_id);
      const wanted = {
        ...(body.name === undefined ? {} : { name: body.name }),
        description: body.description,
        knowledgeBaseIds: body.knowledge_base_ids,
        baselineId: body.baseline_id,
      };
      await changeGoldenSet(tx, set, wanted, ledgerTime());
      return requireGoldenSet(tx, set.id);
    });
  };

  /** Everything is read before anything is taken. */
  const importQuestions = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const body = validateBody(GoldenImport, request.body);
    const questions = parseGolden(body.questions);
    const set = await own(request).transaction(async (tx) => {
      const found = await requireGoldenSet(tx, request.params.id);
      if (body.replace) await clearQuestions(tx, found.id);
      const now = ledgerTime();
      await putQuestions(tx, found.id, questions, { state: 'approved', origin: 'import', now });
      return requireGoldenSet(tx, found.id);
    });
    return {
      object: 'golden_set.import',
      imported: questions.length,
      golden_set: goldenSetObject(set),
    };
  };

  return async (app) => {
    const role = 'editor' as const;
    app.get(
      '/ops/golden-sets',
      {
        config: {
          role,
          operation: { summary: 'List golden sets', answer: wholeListOf(GoldenSetReply), tag },
        },
      },
      async (request) => {
        const sets = await listGoldenSets(own(request).read);
        return { object: 'list', data: sets.map(goldenSetObject), has_more: false };
      },
    );
    app.post(
      '/ops/golden-sets',
      {
        config: {
          role,
          operation: {
            summary: 'Make a golden set',
            answer: GoldenSetReply,
            tag,
            body: GoldenSetBody,
            status: 201,
          },
        },
      },
      async (request, reply) => reply.code(201).send(goldenSetObject(await create(request))),
    );
    app.get<ById>(
      '/ops/golden-sets/:id',
      { config: { role, operation: { summary: 'Read a golden set', answer: GoldenSetReply, tag } } },
      async (request) => goldenSetObject(await requireGoldenSet(own(request).read, request.params.id)),
    );
    app.patch<ById>(
      '/ops/golden-sets/:id',
      {
        config: {
          role,
          operation: {
            summary: 'Change a golden set',
            answer: GoldenSetReply,
            tag,
            body: GoldenSetChange,
          },
        },
      },
      async (request) => goldenSetObject(await change(request)),
    );
    app.delete<ById>(
      '/ops/golden-sets/:id',
      {
        config: {
          role,
          operation: {
            summary: 'Delete a golden set with its evaluations',
            answer: deletionOf('golden_set.deleted'),
            tag,
          },
        },
      },
      async (request) => {
        const { id } = await own(request).transaction(async (tx) => {
          const set = await requireGoldenSet(tx, request.params.id);
          await deleteGoldenSet(tx, set.id);
          return set;
        });
        return { id, object: 'golden_set.deleted', deleted: true };
      },
    );
    app.post<ById>(
      '/ops/golden-sets/:id/import',
      {
        config: {
          role,
          operation: {
            summary: 'Import golden questions, all or none',
            answer: GoldenImportReply,
            tag,
            body: GoldenImport,
          },
        },
      },
      importQuestions,
    );
    app.get<ById>(
      '/ops/golden-sets/:id/export',
      {
        config: {
          role,
          operation: { summary: 'Export golden questions', tag, produces: 'text/plain' },
        },
      },
      async (request, reply) => {
        const set = await requireGoldenSet(own(request).read, request.params.id);
        const stored = await listQuestions(own(request).read, set.id, { state: 'approved' });
        return reply
          .type('text/plain; charset=utf-8')
          .header('content-disposition', attachment(`${set.name}.jsonl`))
          .send(writeGolden(stored.map(({ question }) => question)));
      },
    );
  };
}

async function requireBases(tx: ScopedSql, ids: readonly string[] | null | undefined): Promise<void> {
  const missing = await missingKnowledgeBases(tx, ids ?? []);
  if (missing.length === 0) return;
  throw new BudaoError(
    'not_found',
    'knowledge_base_not_found',
    `There is no knowledge base ${missing.join(', ')}.`,
    { param: 'knowledge_base_ids' },
  );
}

async function requireEvaluationOf(tx: ScopedSql, setId: string, id: string): Promise<void> {
  const { goldenSetId } = await requireEvaluation(tx, id);
  if (goldenSetId === setId) return;
  throw new BudaoError('not_found', 'evaluation_not_found', `Evaluation ${id} is not one of this set.`, {
    param: 'baseline_id',
  });
}
