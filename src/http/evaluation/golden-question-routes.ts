/** The questions of a golden set, one at a time; drafts among them. */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { findAnswer, finishedAnswer } from '../../answers/find-answer.ts';
import { loadHistory } from '../../answers/history.ts';
import type { AnswerInput } from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import {
  GoldenDraftsBody,
  GoldenQuestionBody,
  GoldenQuestionChange,
  GoldenQuestionsQuery,
  GoldenTurnBody,
} from '../../contract/evaluation-requests.ts';
import { GoldenQuestion } from '../../contract/golden.ts';
import { deletionOf } from '../../contract/replies/common.ts';
import {
  GoldenQuestionReply,
  GoldenQuestionsReply,
  StartedReply,
} from '../../contract/replies/evaluation.ts';
import { submitDrafting } from '../../evaluation/drafts/draft-handler.ts';
import { questionFromAnswer } from '../../evaluation/drafts/from-answer.ts';
import {
  changeQuestion,
  deleteQuestion,
  freshQuestionKey,
  listQuestions,
  putQuestions,
  type QuestionOrigin,
  type QuestionState,
  requireQuestion,
  type StoredQuestion,
} from '../../evaluation/sets/golden-questions.ts';
import { requireGoldenSet } from '../../evaluation/sets/golden-sets.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { scopeLedger } from '../../ledger/scope.ts';
import { isTerminal } from '../../runs/run.ts';
import { callerOf } from '../caller.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { type ById, type EvaluationDependencies, tag } from './dependencies.ts';
import { goldenQuestionObject } from './evaluation-objects.ts';

type OfSet = { Params: { id: string; question: string } };

export function goldenQuestionRoutes({ ledger, runs }: EvaluationDependencies): FastifyPluginAsync {
  const own = (request: FastifyRequest) => scopeLedger(ledger, request.principal.workspaceId);

  const add = (
    request: FastifyRequest<ById>,
    question: GoldenQuestion,
    state: QuestionState,
    origin: QuestionOrigin,
  ): Promise<StoredQuestion> =>
    own(request).transaction(async (tx) => {
      const set = await requireGoldenSet(tx, request.params.id);
      const [id = ''] = await putQuestions(tx, set.id, [question], { state, origin, now: ledgerTime() });
      return requireQuestion(tx, set.id, id);
    });

  const fromTurn = async (request: FastifyRequest<ById>): Promise<GoldenQuestion> => {
    const { response_id: responseId } = validateBody(GoldenTurnBody, request.body);
    const run = await findAnswer(ledger.read, callerOf(request), responseId, 'response_id');
    const answer = isTerminal(run.status) ? finishedAnswer(run) : null;
    const history = answer === null ? [] : await loadHistory(ledger, run);
    const question =
      answer === null
        ? null
        : questionFromAnswer({
            id: freshQuestionKey('turn'),
            question: (run.input as AnswerInput).question,
            history: history.flatMap(({ role, content }) => (role === 'system' ? [] : [{ role, content }])),
            answer: answer.text,
            declined: answer.declined,
            citations: answer.citations.map(({ filename, article, quote }) => ({
              document: filename,
              article,
              quote,
            })),
          });
    if (question !== null) return question;
    throw new BudaoError(
      'invalid',
      'golden_invalid',
      'This answer cites nothing, so it is not known what is right. Write the question with its facts by hand.',
      { param: 'response_id' },
    );
  };

  return async (app) => {
    const role = 'editor' as const;
    app.get<ById>(
      '/ops/golden-sets/:id/questions',
      {
        config: {
          role,
          operation: {
            summary: 'List golden questions',
            answer: GoldenQuestionsReply,
            tag,
            query: GoldenQuestionsQuery,
          },
        },
      },
      async (request) => {
        const { state = null, limit, after } = validate(GoldenQuestionsQuery, request.query);
        const { read } = own(request);
        const set = await requireGoldenSet(read, request.params.id);
        const found = await listQuestions(read, set.id, { state, after, limit: limit + 1 });
        const data = found.slice(0, limit).map(goldenQuestionObject);
        return { object: 'list', data, has_more: found.length > limit };
      },
    );
    app.post<ById>(
      '/ops/golden-sets/:id/questions',
      {
        config: {
          role,
          operation: {
            summary: 'Add a golden question',
            answer: GoldenQuestionReply,
            tag,
            body: GoldenQuestionBody,
            status: 201,
          },
        },
      },
      async (request, reply) => {
        const { question, state } = validateBody(GoldenQuestionBody, request.body);
        const keyed = { id: freshQuestionKey('q'), ...question };
        const read = validate(z.object({ question: GoldenQuestion }), { question: keyed });
        const stored = await add(request, read.question, state, 'person');
        return reply.code(201).send(goldenQuestionObject(stored));
      },
    );
    app.post<ById>(
      '/ops/golden-sets/:id/questions/from-response',
      {
        config: {
          role,
          operation: {
            summary: 'Draft a golden question from an answer of yours',
            answer: GoldenQuestionReply,
            tag,
            body: GoldenTurnBody,
            status: 201,
          },
        },
      },
      async (request, reply) => {
        const stored = await add(request, await fromTurn(request), 'draft', 'conversation');
        return reply.code(201).send(goldenQuestionObject(stored));
      },
    );
    app.patch<OfSet>(
      '/ops/golden-sets/:id/questions/:question',
      {
        config: {
          role,
          operation: {
            summary: 'Change or approve a golden question',
            answer: GoldenQuestionReply,
            tag,
            body: GoldenQuestionChange,
          },
        },
      },
      async (request) => {
        const change = validateBody(GoldenQuestionChange, request.body);
        return own(request).transaction(async (tx) => {
          const set = await requireGoldenSet(tx, request.params.id);
          const stored = await requireQuestion(tx, set.id, request.params.question);
          await changeQuestion(tx, set.id, stored, change, ledgerTime());
          return goldenQuestionObject(await requireQuestion(tx, set.id, stored.id));
        });
      },
    );
    app.delete<OfSet>(
      '/ops/golden-sets/:id/questions/:question',
      {
        config: {
          role,
          operation: {
            summary: 'Delete a golden question',
            answer: deletionOf('golden_question.deleted'),
            tag,
          },
        },
      },
      async (request) => {
        const { id } = await own(request).transaction(async (tx) => {
          const set = await requireGoldenSet(tx, request.params.id);
          const stored = await requireQuestion(tx, set.id, request.params.question);
          await deleteQuestion(tx, set.id, stored.id, ledgerTime());
          return stored;
        });
        return { id, object: 'golden_question.deleted', deleted: true };
      },
    );
    app.post<ById>(
      '/ops/golden-sets/:id/drafts',
      {
        config: {
          role,
          operation: {
            summary: 'Draft golden questions from documents',
            answer: StartedReply,
            tag,
            body: GoldenDraftsBody,
          },
        },
      },
      async (request) => {
        const body = validateBody(GoldenDraftsBody, request.body ?? {});
        const { workspaceId } = request.principal;
        const set = await requireGoldenSet(own(request).read, request.params.id);
        const input = {
          goldenSetId: set.id,
          knowledgeBaseIds: body.knowledge_base_ids ?? null,
          count: body.count,
          useModel: body.use_model,
        };
        const run = await ledger.transaction((tx) => submitDrafting(tx, workspaceId, input, ledgerTime()));
        runs.announce(run);
        return { object: 'run.started', run_id: run.id };
      },
    );
  };
}
