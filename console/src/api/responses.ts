import { request, send } from './client.ts';
import type { Rating, ResponseObject } from './types.ts';

export interface Question {
  conversationId: string;
  text: string;
  /** Null leaves the choice to the workspace; an empty list asks the model alone. */
  knowledgeBaseIds: string[] | null;
  replacesResponseId: string | null;
  idempotencyKey: string;
}

/** Asks, or finds the answer that the same key has asked for before; the body is an event stream. */
export function askStream(question: Question, signal: AbortSignal): Promise<Response> {
  const body: Record<string, unknown> = {
    conversation: question.conversationId,
    input: question.text,
    stream: true,
  };
  if (question.knowledgeBaseIds !== null) {
    body['tools'] = [{ type: 'file_search', vector_store_ids: question.knowledgeBaseIds }];
  }
  if (question.replacesResponseId !== null) body['replaces_response_id'] = question.replacesResponseId;
  return send('/v1/responses', {
    method: 'POST',
    body,
    headers: { 'idempotency-key': question.idempotencyKey, accept: 'text/event-stream' },
    signal,
  });
}

/** Goes on after event number `after`; null asks for everything from the beginning. */
export function resumeStream(
  responseId: string,
  after: number | null,
  signal: AbortSignal,
): Promise<Response> {
  return send(`/v1/responses/${responseId}`, {
    query: { stream: true, starting_after: after },
    headers: { accept: 'text/event-stream' },
    signal,
  });
}

export function getResponse(responseId: string, signal: AbortSignal): Promise<ResponseObject> {
  return request(`/v1/responses/${responseId}`, { signal });
}

export function cancelResponse(responseId: string): Promise<unknown> {
  return request(`/v1/responses/${responseId}/cancel`, { method: 'POST', body: {} });
}

export function sendFeedback(responseId: string, rating: Rating, comment?: string): Promise<unknown> {
  const body = comment === undefined ? { rating } : { rating, comment };
  return request(`/v1/responses/${responseId}/feedback`, { method: 'POST', body });
}
