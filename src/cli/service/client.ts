import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request as sendRequest } from 'undici';
import { CliError } from '../cli-error.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Streams send a sign of life every few seconds; an upload may wait for a busy disk. */
const SILENCE_TIMEOUT_MS = 120_000;
/** A service that has just been killed is back within a second or two. */
const CONNECT_RETRY_MS = [100, 300, 600, 1_200];
const MAX_RATE_LIMIT_RETRIES = 5;
const LONGEST_RETRY_AFTER_MS = 10_000;
/** Nothing of the request has left, so sending it again cannot do anything twice. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
]);

export interface ServiceRequest {
  headers?: Record<string, string>;
  body?: string | (() => AsyncIterable<Uint8Array>);
  signal?: AbortSignal;
}

/** Speaks to one service. Errors are CliError with what to try. */
export class ServiceClient implements AsyncDisposable {
  readonly url: string;
  readonly #apiKey: string;
  readonly #messages: Messages;
  readonly #dispatcher: Dispatcher;

  constructor(options: { url: string; apiKey: string; messages: Messages }) {
    this.url = options.url.replace(/\/+$/, '');
    this.#apiKey = options.apiKey;
    this.#messages = options.messages;
    const timeouts = {
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: SILENCE_TIMEOUT_MS,
      bodyTimeout: SILENCE_TIMEOUT_MS,
    };
    // A proxy reaches other machines; this one is never behind it.
    this.#dispatcher = isLoopback(this.url) ? new Agent(timeouts) : new EnvHttpProxyAgent(timeouts);
  }

  /** @throws CliError with the service's own code and message, or service_unreachable */
  async json<T>(method: string, path: string, body?: unknown, request: ServiceRequest = {}): Promise<T> {
    const { headers, ...rest } = request;
    const response = await this.open(method, path, {
      ...rest,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await this.#guard(() => response.body.text());
    try {
      return (text === '' ? null : JSON.parse(text)) as T;
    } catch (cause) {
      throw new CliError(EXIT.failed, 'not_budao', this.#messages.errors.notBudao(this.url), {
        hint: this.#messages.hints.checkUrl,
        cause,
      });
    }
  }

  /** An answer of 2xx whose body is still to be read. Waits out a restart and a full queue. */
  async open(method: string, path: string, request: ServiceRequest = {}): Promise<Dispatcher.ResponseData> {
    for (let tries = 0; ; tries++) {
      const response = await this.#guard(() => this.#send(method, path, request));
      if (response.statusCode < 300) return response;
      const text = await response.body.text().catch(() => '');
      if (response.statusCode !== 429 || tries >= MAX_RATE_LIMIT_RETRIES) {
        throw this.#refusal(response.statusCode, text);
      }
      const waitMs = Number(response.headers['retry-after'] ?? 1) * 1_000;
      await sleep(Math.min(waitMs || 1_000, LONGEST_RETRY_AFTER_MS), undefined, signalOf(request));
    }
  }

  async #send(method: string, path: string, request: ServiceRequest): Promise<Dispatcher.ResponseData> {
    const { body, headers, signal } = request;
    for (let tries = 0; ; tries++) {
      try {
        return await sendRequest(this.url + path, {
          method: method as Dispatcher.HttpMethod,
          headers: { authorization: `Bearer ${this.#apiKey}`, ...headers },
          body: typeof body === 'function' ? Readable.from(body()) : (body ?? null),
          dispatcher: this.#dispatcher,
          ...(signal === undefined ? {} : { signal }),
        });
      } catch (error) {
        const delayMs = CONNECT_RETRY_MS[tries];
        if (delayMs === undefined || !NEVER_SENT.has(networkCode(error))) throw error;
        await sleep(delayMs, undefined, signalOf(request));
      }
    }
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CliError || isAbort(error)) throw error;
      const { errors, hints } = this.#messages;
      throw new CliError(
        EXIT.unreachable,
        'service_unreachable',
        errors.unreachable(this.url, networkCode(error)),
        { hint: hints.start, cause: error },
      );
    }
  }

  #refusal(status: number, text: string): CliError {
    const { errors, hints } = this.#messages;
    const { code, message } = readRefusal(text);
    if (code === null) {
      return new CliError(EXIT.failed, `http_${status}`, errors.httpStatus(this.url, status), {
        hint: hints.checkUrl,
      });
    }
    return new CliError(exitCodeOf(status), code, message, {
      hint: status === 401 ? hints.giveKey : status === 403 ? hints.otherKey : null,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

function signalOf({ signal }: ServiceRequest): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** OpenAI's shape under /v1, problem+json under /ops. */
function readRefusal(text: string): { code: string | null; message: string } {
  try {
    const body = JSON.parse(text) as {
      error?: { code?: string; message?: string };
      code?: string;
      detail?: string;
    };
    return {
      code: body.error?.code ?? body.code ?? null,
      message: body.error?.message ?? body.detail ?? '',
    };
  } catch {
    return { code: null, message: '' };
  }
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403 || status === 404) return EXIT.refused;
  return status === 400 ? EXIT.usage : EXIT.failed;
}

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function networkCode(error: unknown): string {
  const { code, cause, message } = error as { code?: string; cause?: { code?: string }; message?: string };
  return code ?? cause?.code ?? message ?? 'unknown';
}
