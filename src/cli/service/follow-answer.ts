/** Asks once and follows the answer to its end, through breaks of the connection and restarts of the service. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResponseObject } from '../../contract/openai/response-object.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import { isAbort, type ServiceClient } from './client.ts';
import { readEvents } from './event-stream.ts';

const RECONNECT_MS = 200;
/** Without one event for so long the service is taken to be gone; sooner where it was never there. */
const GIVE_UP_MS = 60_000;
const NEVER_REACHED_GIVE_UP_MS = 2_000;

interface ResponseEvent {
  type: string;
  sequence_number: number;
  delta?: string;
  response?: ResponseObject;
}

export interface AnswerListener {
  onStarted(responseId: string): void;
  onText(text: string): void;
  /** The connection broke and the answer goes on from where it was. */
  onResumed(): void;
  /** Nothing can answer now; the question is kept, and the stream stays. */
  onDeferred(reason: string): void;
}

export async function followAnswer(
  client: ServiceClient,
  body: object,
  listener: AnswerListener,
  signal: AbortSignal,
): Promise<ResponseObject> {
  const idempotencyKey = randomUUID();
  const state = { responseId: '', last: -1, heardMs: performance.now() };
  for (let connections = 0; ; connections++) {
    try {
      if (connections > 0 && state.responseId !== '') listener.onResumed();
      const events =
        state.responseId === ''
          ? await ask(client, body, idempotencyKey, signal)
          : await resume(client, state.responseId, state.last, signal);
      const final = await read(events, state, listener);
      if (final !== null) return final;
    } catch (error) {
      if (isAbort(error) || signal.aborted || !isBroken(error)) throw error;
      const patienceMs = state.responseId === '' ? NEVER_REACHED_GIVE_UP_MS : GIVE_UP_MS;
      if (performance.now() - state.heardMs > patienceMs) throw error;
    }
    await sleep(RECONNECT_MS, undefined, { signal });
  }
}

/** The same idempotency key each time: a question that arrived is not asked twice. */
async function ask(client: ServiceClient, body: object, idempotencyKey: string, signal: AbortSignal) {
  const response = await client.open('POST', '/v1/responses', {
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  return readEvents<ResponseEvent>(response.body);
}

async function resume(client: ServiceClient, responseId: string, last: number, signal: AbortSignal) {
  const path = `/v1/responses/${encodeURIComponent(responseId)}?stream=true&starting_after=${last}`;
  const response = await client.open('GET', path, { signal });
  return readEvents<ResponseEvent>(response.body);
}

/** @returns the finished response, or null when the stream ended before it */
async function read(
  events: AsyncIterable<ResponseEvent>,
  state: { responseId: string; last: number; heardMs: number },
  listener: AnswerListener,
): Promise<ResponseObject | null> {
  for await (const event of events) {
    state.heardMs = performance.now();
    if (event.sequence_number <= state.last) continue;
    state.last = event.sequence_number;
    if (state.responseId === '' && event.response !== undefined) {
      state.responseId = event.response.id;
      listener.onStarted(state.responseId);
    }
    if (event.type === 'response.output_text.delta') listener.onText(event.delta ?? '');
    if (event.type === 'response.queued' && event.response?.budao.mode === 'deferred')
      listener.onDeferred(event.response.budao.mode_reason ?? '');
    const isLast = /^response\.(completed|failed|incomplete)$/.test(event.type);
    if (isLast && event.response !== undefined) return event.response;
  }
  return null;
}

/** Passing troubles; a refusal of the service is final. */
export function isBroken(error: unknown): boolean {
  if (!(error instanceof CliError)) return true;
  return (
    error.exitCode === EXIT.unreachable || /^http_5|^ledger_|_unavailable$|^server_leaving$/.test(error.code)
  );
}
