import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { rateAnswer } from '../../answers/feedback.ts';
import { findAnswer } from '../../answers/find-answer.ts';
import { deleteAnswer } from '../../answers/turns.ts';
import type { AnswerInput } from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import { listPage, PageQuery } from '../../contract/openai/common.ts';
import { CreateResponse, Feedback, RetrieveResponseQuery } from '../../contract/openai/create-response.ts';
import { deletionOf, pageOf } from '../../contract/replies/common.ts';
import { FeedbackReply, InputItemReply, ResponseReply } from '../../contract/replies/responses.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { scopeLedger } from '../../ledger/scope.ts';
import { isTerminal, type Run } from '../../runs/run.ts';
import { requestCancel } from '../../runs/run-store.ts';
import { callerOf } from '../caller.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { CANCEL_WAIT_MS, DEFERRED_RETRY_AFTER_S } from '../limits.ts';
import type { StreamHub } from '../streaming/stream-hub.ts';
import { answerInputFor } from './answer-request.ts';
import { projectAnswer, wholeResponse } from './project-answer.ts';
import { ResponseProjection } from './response-projection.ts';
import { clientGone, startAnswer } from './start-answer.ts';

type ById = { Params: { id: string } };
const tag = 'Responses';

export function responseRoutes(dependencies: HttpDependencies, hub: StreamHub): FastifyPluginAsync {
  const { ledger, runs } = dependencies;

  const stream = (reply: FastifyReply, run: Run, afterNumber: number): FastifyReply => {
    const project = () => new ResponseProjection(run);
    hub.stream(reply, { run, surface: 'responses', fromNumber: afterNumber + 1, project });
    return reply;
  };

  const create = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const body = validateBody(CreateResponse, request.body);
    const caller = callerOf(request);
    const input = await answerInputFor(dependencies, caller, body);
    const run = await startAnswer(dependencies, request, caller, input);
    if (body.stream === true) return stream(reply, run, -1);
    if (input.background) return (await projectAnswer(ledger.read, run)).response;
    const projection = new ResponseProjection(run);
    // What has to wait comes back as it would in the background: queued, with the reason, to be asked for later.
    const isDeferred = (): boolean => projection.isDeferred;
    const hasEnded = await hub.followToEnd(run.id, projection, clientGone(reply), isDeferred);
    if (!hasEnded) return reply.hijack();
    if (projection.isDeferred) reply.header('retry-after', String(DEFERRED_RETRY_AFTER_S));
    return wholeResponse(projection);
  };

  const retrieve = async (request: FastifyRequest<ById>, reply: FastifyReply): Promise<unknown> => {
    const query = validate(RetrieveResponseQuery, request.query);
    const run = await findAnswer(ledger.read, callerOf(request), request.params.id);
    if (query.stream === true || acceptsEventStream(request)) {
      return stream(reply, run, query.starting_after ?? lastEventId(request) ?? -1);
    }
    const input = run.input as AnswerInput;
    const shown = includesResults(request)
      ? { ...run, input: { ...input, includeSearchResults: true } }
      : run;
    return (await projectAnswer(ledger.read, shown)).response;
  };

  /** The answer is cancelled when this returns, unless its worker takes unusually long to stop. */
  const cancel = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const found = await findAnswer(ledger.read, callerOf(request), request.params.id);
    if (!isTerminal(found.status)) {
      await ledger.transaction((tx) => requestCancel(tx, found.id, ledgerTime()));
      runs.announceCancel(found.id);
      const projection = new ResponseProjection(found);
      await hub.followToEnd(found.id, projection, AbortSignal.timeout(CANCEL_WAIT_MS));
    }
    const run = await findAnswer(ledger.read, callerOf(request), request.params.id);
    return (await projectAnswer(ledger.read, run)).response;
  };

  return async (app) => {
    app.post(
      '/v1/responses',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'Ask a question',
            answer: ResponseReply,
            tag,
            body: CreateResponse,
            streams: true,
            repeatable: true,
          },
        },
      },
      create,
    );
    app.get<ById>(
      '/v1/responses/:id',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'Read an answer, or go on streaming it',
            answer: ResponseReply,
            tag,
            query: RetrieveResponseQuery,
            streams: true,
          },
        },
      },
      retrieve,
    );
    app.post<ById>(
      '/v1/responses/:id/cancel',
      { config: { role: 'reader', operation: { summary: 'Stop an answer', answer: ResponseReply, tag } } },
      cancel,
    );
    app.delete<ById>(
      '/v1/responses/:id',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Delete an answer', answer: deletionOf('response'), tag },
        },
      },
      async (request) => {
        const caller = callerOf(request);
        const run = await findAnswer(ledger.read, caller, request.params.id);
        await deleteAnswer(ledger, caller, run);
        return { id: run.id, object: 'response', deleted: true };
      },
    );
    app.get<ById>(
      '/v1/responses/:id/input_items',
      {
        config: {
          role: 'reader',
          operation: { summary: 'What was asked', answer: pageOf(InputItemReply), tag, query: PageQuery },
        },
      },
      async (request) => {
        const query = validate(PageQuery, request.query);
        const run = await findAnswer(ledger.read, callerOf(request), request.params.id);
        return inputItemsPage(run, query);
      },
    );
    app.post<ById>(
      '/v1/responses/:id/feedback',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Rate an answer', answer: FeedbackReply, tag, body: Feedback },
        },
      },
      async (request) => {
        const { rating, comment } = validateBody(Feedback, request.body);
        const caller = callerOf(request);
        const run = await findAnswer(ledger.read, caller, request.params.id);
        const feedback = { runId: run.id, ownerId: caller.ownerId, rating, comment: comment ?? null };
        await scopeLedger(ledger, caller.workspaceId).transaction((tx) =>
          rateAnswer(tx, feedback, ledgerTime()),
        );
        if (rating !== null) dependencies.meter.count(rating === 'up' ? 'thumbs_up' : 'thumbs_down');
        return { id: run.id, object: 'response.feedback', rating, comment: comment ?? null };
      },
    );
  };
}

function acceptsEventStream(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/event-stream') === true;
}

function lastEventId(request: FastifyRequest): number | null {
  const header = request.headers['last-event-id'];
  if (typeof header !== 'string' || !/^\d{1,12}$/.test(header)) return null;
  return Number(header);
}

/** Clients write the list as `include=…`, `include[]=…` or `include[0]=…`. */
function includesResults(request: FastifyRequest): boolean {
  return Object.entries(request.query as Record<string, unknown>).some(
    ([name, value]) =>
      /^include(\[\d*\])?$/.test(name) && [value].flat().includes('file_search_call.results'),
  );
}

function inputItemsPage(
  run: Run,
  query: { limit: number; after?: string | undefined; order: 'asc' | 'desc' },
) {
  const items = (run.input as AnswerInput).inputItems.map((item) => ({
    id: item.id,
    type: 'message' as const,
    role: item.role,
    status: 'completed' as const,
    content: [
      item.role === 'assistant'
        ? { type: 'output_text', text: item.text, annotations: [], logprobs: [] }
        : { type: 'input_text', text: item.text },
    ],
  }));
  if (query.order === 'desc') items.reverse();
  const afterIndex = query.after === undefined ? -1 : items.findIndex((item) => item.id === query.after);
  if (query.after !== undefined && afterIndex === -1) {
    throw new BudaoError('invalid', 'invalid_cursor', `There is no item ${query.after} to continue after.`, {
      param: 'after',
    });
  }
  return listPage(items.slice(afterIndex + 1), query.limit);
}
