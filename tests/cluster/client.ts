/** A client that never gives up: what one node does not answer in time, it asks another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { API_KEY } from '../support/cluster/node.ts';
import type { History, SeenEvent } from '../support/history/history.ts';
import { eventsOf, type StreamEvent } from '../support/response-events.ts';

/** Of a stream that brings 20 tokens a second: silence for so long means that nobody is there. */
const SILENCE_MS = 1_000;
const ANSWER_MS = 2_000;
/** A node that is well begins to answer at once, when nothing has to be stored. */
const RESUME_MS = 500;
const RETRY_MS = 50;

export interface Reply {
  status: number;
  text: string;
}

export class ClusterClient {
  readonly name: string;
  readonly #urls: readonly string[];
  #at: number;
  /** How often it was sent away with 429 or 503. */
  refusals = 0;

  constructor(name: string, urls: readonly string[], first: number) {
    this.name = name;
    this.#urls = urls;
    this.#at = first % urls.length;
  }

  get url(): string {
    return this.#urls[this.#at] as string;
  }

  /** To the next node. */
  moveOn(): void {
    this.#at = (this.#at + 1) % this.#urls.length;
  }

  /** @returns null when nothing is known of the outcome */
  async once(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply | null> {
    const isForm = body instanceof FormData;
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${API_KEY}`,
          ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const text = await response.text();
      // Declared to be out of date, perhaps: another node may know better.
      if (response.headers.get('x-budao-served-from') === 'memory') throw new Error('served from memory');
      if (response.ok) return { status: response.status, text };
      this.refusals += response.status === 429 || response.status === 503 ? 1 : 0;
      if (response.status >= 500 || response.status === 429) this.moveOn();
      return { status: response.status, text };
    } catch {
      this.moveOn();
      return null;
    }
  }

  /** Tries until it succeeds: for what may be done twice. */
  async insist<T>(method: string, path: string, body?: unknown): Promise<T> {
    for (let tries = 0; ; tries++) {
      const reply = await this.once(method, path, body);
      if (reply !== null && reply.status < 300) return JSON.parse(reply.text) as T;
      if (tries > 600) throw new Error(`${this.name}: ${method} ${path}: ${JSON.stringify(reply)}`);
      await sleep(RETRY_MS);
    }
  }

  /**
   * Asks, follows the answer to its end through whatever connections that takes, and writes down each event.
   *
   * @param onAcknowledged once, with the answer's id
   */
  async ask(
    history: History,
    body: Record<string, unknown>,
    options: { key: string; deadlineMs: number; onAcknowledged: (responseId: string) => void },
  ): Promise<{ responseId: string; status: string }> {
    const state = { responseId: '', last: -1, status: '' };
    const giveUpAt = performance.now() + options.deadlineMs;
    while (state.status === '') {
      if (performance.now() > giveUpAt) throw new Error(`no end of ${options.key}: ${JSON.stringify(state)}`);
      const quiet = new AbortController();
      const request =
        state.responseId === ''
          ? this.#post(body, options.key, quiet.signal)
          : this.#resume(state.responseId, state.last, quiet.signal);
      const beginsMs = state.responseId === '' ? ANSWER_MS : RESUME_MS;
      await this.#follow(request, quiet, beginsMs, (event) => {
        const responseId = event.response?.id ?? state.responseId;
        if (state.responseId === '') options.onAcknowledged(responseId);
        Object.assign(state, { responseId, last: event.sequence_number });
        if (/^response\.(completed|failed|incomplete)$/.test(event.type))
          state.status = event.response?.status ?? event.type;
        history.events.push(seen(event, options.key, responseId));
      });
      if (state.status === '') await sleep(RETRY_MS);
    }
    return { responseId: state.responseId, status: state.status };
  }

  async #post(body: unknown, key: string, signal: AbortSignal): Promise<Response> {
    return fetch(`${this.url}/v1/responses`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${API_KEY}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify({ ...(body as object), stream: true }),
      signal,
    });
  }

  async #resume(id: string, last: number, signal: AbortSignal): Promise<Response> {
    const after = last < 0 ? '' : `&starting_after=${last}`;
    return fetch(`${this.url}/v1/responses/${id}?stream=true${after}`, {
      headers: { authorization: `Bearer ${API_KEY}` },
      signal,
    });
  }

  /** Until the stream ends, breaks, or is silent for too long. */
  async #follow(
    request: Promise<Response>,
    quiet: AbortController,
    beginsMs: number,
    onEvent: (event: StreamEvent) => void,
  ): Promise<void> {
    let timer = setTimeout(() => quiet.abort(), beginsMs);
    try {
      const response = await request;
      if (!response.ok || response.body === null) {
        this.refusals += response.status === 429 || response.status === 503 ? 1 : 0;
        throw new Error(`${response.status} ${await response.text()}`);
      }
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), ANSWER_MS);
      for await (const event of eventsOf(response.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), SILENCE_MS);
        // It goes on elsewhere, after the last event that was shown.
        if (event.type === 'error') throw new Error('sent elsewhere');
        onEvent(event);
      }
    } catch {
      this.moveOn();
    } finally {
      clearTimeout(timer);
    }
  }
}

function seen(event: StreamEvent, reader: string, responseId: string): SeenEvent {
  const text = event.type === 'response.output_text.delta' ? (event.delta ?? '') : null;
  return {
    reader,
    responseId,
    sequence: event.sequence_number,
    type: event.type,
    text,
    atMs: performance.now(),
  };
}
