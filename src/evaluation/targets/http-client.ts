/** JSON and streams of events over HTTP, for whatever is evaluated. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createSseParser } from '../../models/sse-parser.ts';
import { EvaluationFailure } from '../target.ts';

export interface HttpClientOptions {
  /** Without `/v1`. */
  baseUrl: string;
  apiKey: string;
  /** For one answer, from the request to its last word. */
  timeoutMs?: number;
}

const ANSWER_TIMEOUT_MS = 120_000;
const MAX_RETRIES = 5;
const LONGEST_RETRY_AFTER_MS = 10_000;
/** A whole answer may come in one event. */
const LIMITS = { maxLineBytes: 64 * 1024 * 1024, maxEventBytes: 64 * 1024 * 1024 };

export class HttpClient {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly #apiKey: string;

  constructor({ baseUrl, apiKey, timeoutMs }: HttpClientOptions) {
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.timeoutMs = timeoutMs ?? ANSWER_TIMEOUT_MS;
    this.#apiKey = apiKey;
  }

  /** @throws EvaluationFailure with the service's own code, or unreachable, timeout */
  async json<T>(method: string, path: string, body: unknown, signal: AbortSignal): Promise<T> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.timeoutMs)]);
    const response = await this.#open(method, path, body, limited);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw failureOf(cause, this.baseUrl);
    }
  }

  /** The JSON payloads of a stream of server-sent events. */
  async *events<Event>(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<Event> {
    const response = await this.#open('POST', path, body, signal);
    const parser = createSseParser(LIMITS);
    for await (const chunk of response.body ?? []) {
      for (const payload of parser.push(Buffer.from(chunk))) {
        if (payload !== '[DONE]') yield JSON.parse(payload) as Event;
      }
    }
    for (const payload of parser.finish()) if (payload !== '[DONE]') yield JSON.parse(payload) as Event;
  }

  /** An answer of 2xx whose body is still to be read. Waits out a full queue. */
  async #open(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    for (let tries = 0; ; tries += 1) {
      const response = await this.#send(method, path, body, signal);
      if (response.ok) return response;
      const text = await response.text().catch(() => '');
      if (response.status !== 429 || tries >= MAX_RETRIES) throw refusalOf(response.status, text);
      const waitMs = Number(response.headers.get('retry-after') ?? 1) * 1_000;
      await sleep(Math.min(waitMs || 1_000, LONGEST_RETRY_AFTER_MS), undefined, { signal }).catch(
        (cause: unknown) => {
          throw failureOf(cause, this.baseUrl);
        },
      );
    }
  }

  async #send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(this.baseUrl + path, {
        method,
        signal,
        headers: {
          authorization: `Bearer ${this.#apiKey}`,
          ...(body === null ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw failureOf(cause, this.baseUrl);
    }
  }
}

function failureOf(cause: unknown, baseUrl: string): EvaluationFailure {
  const { name, message, cause: inner } = cause as Error & { cause?: { code?: string } };
  if (name === 'TimeoutError' || name === 'AbortError') {
    return new EvaluationFailure('timeout', `${baseUrl} gave no answer in time.`, { cause });
  }
  const reason = (inner as { code?: string } | undefined)?.code ?? message;
  return new EvaluationFailure('unreachable', `${baseUrl} cannot be reached: ${reason}.`, { cause });
}

/** OpenAI's shape under /v1, problem+json under /ops. */
function refusalOf(status: number, text: string): EvaluationFailure {
  try {
    const body = JSON.parse(text) as {
      error?: { code?: string; message?: string };
      code?: string;
      detail?: string;
    };
    const code = body.error?.code ?? body.code;
    if (code != null) return new EvaluationFailure(code, body.error?.message ?? body.detail ?? '');
  } catch {
    // Something between here and the service has answered.
  }
  return new EvaluationFailure(`http_${status}`, `Answered with status ${status}.`);
}
