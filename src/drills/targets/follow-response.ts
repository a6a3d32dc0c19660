import { setTimeout as sleep } from 'node:timers/promises';
import { createSseParser } from '../../models/sse-parser.ts';
import { type HttpClient, TargetError } from './http-client.ts';
import type { AnswerWatcher, FollowedAnswer } from './target.ts';

/** Of a stream that writes: silence for so long means that nobody is there. */
const SILENCE_MS = 1_000;
/** Before the first text a model may think, and a queue may be long. */
const FIRST_MS = 10_000;
const RETRY_MS = 50;
const LIMITS = { maxLineBytes: 4 * 1024 * 1024, maxEventBytes: 8 * 1024 * 1024 };
const LAST = /^response\.(completed|failed|incomplete)$/;

interface ResponseEvent {
  type: string;
  sequence_number: number;
  delta?: string;
  response?: {
    id: string;
    status: string;
    budao?: { mode: string | null };
    output?: { type: string; content?: { text?: string }[] }[];
  };
}

interface State extends FollowedAnswer {
  id: string;
  last: number;
  /** What the last event says that the whole text is. */
  stored: string | null;
}

export interface FollowOptions {
  body: Record<string, unknown>;
  key: string;
  signal: AbortSignal;
  watcher: AnswerWatcher;
}

/** Asks over the OpenAI Responses API, and comes back with `starting_after` whenever the stream breaks or falls silent. */
export async function followResponse(client: HttpClient, options: FollowOptions): Promise<FollowedAnswer> {
  const { signal } = options;
  const state: State = {
    id: '',
    last: -1,
    stored: null,
    status: '',
    connections: 0,
    mode: null,
    text: '',
    duplicated: 0,
    cut: 0,
    isWhole: null,
  };
  while (state.status === '' && !signal.aborted) {
    try {
      await followOnce(client, state, options);
    } catch (error) {
      if (state.id === '' && error instanceof TargetError) throw error;
      client.moveOn();
    }
    if (state.status === '') await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
  const { id, last: _, stored, ...answer } = state;
  if (id === '') throw new TargetError('given up before the question was acknowledged', null);
  return {
    ...answer,
    status: answer.status || 'lost',
    isWhole: stored === null ? null : stored === answer.text,
  };
}

async function followOnce(client: HttpClient, state: State, options: FollowOptions): Promise<void> {
  const { body, key, signal, watcher } = options;
  const quiet = new AbortController();
  const either = AbortSignal.any([signal, quiet.signal]);
  let timer = setTimeout(() => quiet.abort(), FIRST_MS);
  try {
    const after = state.last < 0 ? '' : `&starting_after=${state.last}`;
    const response =
      state.id === ''
        ? await client.open('/v1/responses', {
            method: 'POST',
            body: { ...body, stream: true },
            headers: { 'idempotency-key': key },
            signal: either,
            isRepeatable: true,
          })
        : await client.open(`/v1/responses/${state.id}?stream=true${after}`, { signal: either });
    if (!response.ok || response.body === null) {
      const text = await response.text();
      // A restored copy that never heard of the question will not come to know it.
      if (response.status === 404) state.status = 'lost';
      throw new TargetError(`${response.status} ${text}`, response.status);
    }
    state.connections++;
    const parser = createSseParser(LIMITS);
    for await (const chunk of response.body) {
      for (const payload of parser.push(Buffer.from(chunk))) {
        if (payload === '[DONE]') continue;
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), state.text === '' ? FIRST_MS : SILENCE_MS);
        take(JSON.parse(payload) as ResponseEvent, state, watcher);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function take(event: ResponseEvent, state: State, watcher: AnswerWatcher): void {
  // Here the stream ends, and goes on after the last event elsewhere.
  if (event.type === 'error') return;
  if (event.response !== undefined && state.id === '') {
    state.id = event.response.id;
    watcher.onAcknowledged(state.id);
  }
  if (event.sequence_number <= state.last) {
    state.duplicated++;
    return;
  }
  state.cut += event.sequence_number - state.last - 1;
  state.last = event.sequence_number;
  state.mode = event.response?.budao?.mode ?? state.mode;
  if (event.type === 'response.output_text.delta') {
    const text = event.delta ?? '';
    state.text += text;
    watcher.onPiece({ sequence: event.sequence_number, text });
  }
  if (!LAST.test(event.type)) return;
  state.status = event.response?.status ?? event.type.slice('response.'.length);
  const message = event.response?.output?.find((item) => item.type === 'message');
  state.stored = message?.content?.map((part) => part.text ?? '').join('') ?? null;
}
