import type { Caller } from '../../answers/caller.ts';
import type { AnswerInput, AnswerInputItem } from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import type { CreateChatCompletion } from '../../contract/openai/chat-completions.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { hashBody } from '../foundation/idempotency.ts';
import { modelFor } from '../responses/answer-request.ts';
import { splitQuestion, textOfContent } from '../responses/request-items.ts';

/** A chat completion as an answer run: the history comes with the request, the default knowledge base is asked. */
export function chatInputFor(
  dependencies: HttpDependencies,
  caller: Caller,
  body: CreateChatCompletion,
): AnswerInput {
  refuseUnsupported(body);
  const items = body.messages.flatMap((message, index): AnswerInputItem[] => {
    if (message.role === 'tool' || message.role === 'function') return [];
    const text = textOfContent(message.content ?? '', `messages.${index}.content`);
    return [{ id: newId('message'), role: message.role, text }];
  });
  return {
    surface: 'chat',
    ...splitQuestion(items, 'messages'),
    inputItems: items,
    instructions: null,
    conversationId: null,
    previousResponseId: null,
    replacesResponseId: null,
    knowledgeBaseIds: null,
    fileSearchRequested: false,
    filters: null,
    maxNumResults: null,
    scoreThreshold: null,
    includeSearchResults: false,
    model: modelFor(dependencies, body.model),
    temperature: body.temperature ?? null,
    topP: body.top_p ?? null,
    maxOutputTokens: body.max_completion_tokens ?? body.max_tokens ?? null,
    metadata: body.metadata ?? {},
    store: body.store ?? false,
    background: false,
    ownerId: caller.ownerId,
    bodyHash: hashBody('chat', body),
  };
}

function refuseUnsupported(body: CreateChatCompletion): void {
  const format = body.response_format?.type;
  if (format !== undefined && format !== 'text') {
    throw new BudaoError(
      'invalid',
      'unsupported_parameter',
      `The response format '${format}' is not supported: answers are text with citations.`,
      { param: 'response_format.type' },
    );
  }
  const tool = body.tools?.[0];
  if (tool !== undefined) {
    throw new BudaoError(
      'invalid',
      'unsupported_tool',
      `The tool '${tool.type}' is not supported here. Use /v1/responses with file_search to choose a knowledge base.`,
      { param: 'tools.0.type' },
    );
  }
}
