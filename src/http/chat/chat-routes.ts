import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import { CreateChatCompletion } from '../../contract/openai/chat-completions.ts';
import { ChatCompletionReply } from '../../contract/replies/responses.ts';
import { callerOf } from '../caller.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { validateBody } from '../foundation/validate.ts';
import { DEFERRED_RETRY_AFTER_S } from '../limits.ts';
import { clientGone, startAnswer } from '../responses/start-answer.ts';
import type { StreamHub } from '../streaming/stream-hub.ts';
import { ChatProjection } from './chat-projection.ts';
import { chatInputFor } from './chat-request.ts';

export function chatRoutes(dependencies: HttpDependencies, hub: StreamHub): FastifyPluginAsync {
  const create = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const body = validateBody(CreateChatCompletion, request.body);
    const caller = callerOf(request);
    const run = await startAnswer(dependencies, request, caller, chatInputFor(dependencies, caller, body));
    const includeUsage = body.stream_options?.include_usage === true;
    if (body.stream === true) {
      const surface = includeUsage ? 'chat with usage' : 'chat';
      const project = () => new ChatProjection(run, includeUsage);
      hub.stream(reply, { run, surface, fromNumber: 0, project });
      return reply;
    }
    const projection = new ChatProjection(run, false);
    const hasEnded = await hub.followToEnd(run.id, projection, clientGone(reply));
    if (!hasEnded) return reply.hijack();
    const { failure } = projection;
    // The failure is final for this run; the same question may well be answered when it is asked again.
    if (failure !== null) {
      const error = new BudaoError('unavailable', failure.code, failure.message);
      const isAway = failure.code === 'answering_unavailable';
      throw isAway ? Object.assign(error, { retryAfterMs: DEFERRED_RETRY_AFTER_S * 1_000 }) : error;
    }
    return projection.completion();
  };

  return async (app) => {
    app.post(
      '/v1/chat/completions',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'Ask a question with its history',
            answer: ChatCompletionReply,
            tag: 'Chat Completions',
            body: CreateChatCompletion,
            streams: true,
            repeatable: true,
          },
        },
      },
      create,
    );
  };
}
