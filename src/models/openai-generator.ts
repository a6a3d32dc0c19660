// A language model behind any OpenAI-compatible `/chat/completions` endpoint.

import { Agent, type Dispatcher } from 'undici';
import type { GenerationPart, GenerationRequest, Generator } from '../answers/ports.ts';
import { traceHeaders } from '../contract/trace-context.ts';
import { type AnswerReader, createAnswerReader } from './answer-reader.ts';
import { garbageError } from './chat-stream.ts';
import { cutPrefix, type Joiner, joinContinued, joinNothing, joinRegenerated } from './continuation.ts';
import {
  adaptDialect,
  buildChatBody,
  type Continuation,
  continuationBaseUrl,
  type Dialect,
  inferContinuation,
} from './dialect.ts';
import { checkBaseUrl } from './endpoint-address.ts';
import { GenerationError } from './generation-error.ts';
import { openResponse, type PushedResponse } from './pushed-response.ts';
import {
  networkCode,
  networkError,
  readErrorBody,
  readRetryAfter,
  refusalError,
  type UpstreamIdentity,
} from './upstream-errors.ts';
import { UPSTREAM_LIMITS } from './upstream-limits.ts';
import { createWatchdog } from './watchdog.ts';

/** One try as asked, and one for each lesson that a refusal can teach. */
const MAX_TRIES = 6;
/** A pooled connection that the server has just closed fails before any answer; a fresh one does not. */
const STALE_CONNECTION_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export interface OpenAiGeneratorOptions {
  name: string;
  /** As clients configure it, mostly ending in `/v1`. */
  baseUrl: string;
  apiKey: string | null;
  model: string;
  contextTokens: number;
  continuation: 'auto' | Continuation;
  connectTimeoutMs: number;
  /** From the request to the first text or reasoning. */
  firstTokenTimeoutMs: number;
  /** Between two pieces of the answer. */
  idleTimeoutMs: number;
  headers?: Record<string, string>;
  extraBody?: Record<string, unknown>;
  /** Connections to use; the caller closes them. Without it the generator has its own. */
  dispatcher?: Dispatcher;
}

export interface OpenAiGenerator extends Generator, AsyncDisposable {}

interface Endpoint {
  options: OpenAiGeneratorOptions;
  upstream: UpstreamIdentity;
  dispatcher: Dispatcher;
  headers: Record<string, string>;
  /** What its refusals have taught about it. */
  dialect: Dialect;
}

/** @throws BudaoError endpoint_address_invalid */
export function createOpenAiGenerator(options: OpenAiGeneratorOptions): OpenAiGenerator {
  const baseUrl = checkBaseUrl(options.baseUrl, options.name);
  const ownAgent = options.dispatcher ? null : new Agent({ connect: { timeout: options.connectTimeoutMs } });
  const endpoint: Endpoint = {
    options: { ...options, baseUrl },
    upstream: {
      name: options.name,
      secrets: [
        ...(options.apiKey === null ? [] : [options.apiKey]),
        ...Object.values(options.headers ?? {}),
      ],
    },
    dispatcher: options.dispatcher ?? ownAgent!,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'accept-encoding': 'identity',
      ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
      ...options.headers,
    },
    dialect: {
      continuation: options.continuation === 'auto' ? inferContinuation(baseUrl) : options.continuation,
      includeUsage: true,
      tokenLimitField: 'max_tokens',
      sendTemperature: true,
      sendTopP: true,
    },
  };
  return {
    name: options.name,
    contextTokens: options.contextTokens,
    generate: (request, onPart) => generate(endpoint, request, onPart),
    async [Symbol.asyncDispose]() {
      await ownAgent?.destroy();
    },
  };
}

async function generate(
  endpoint: Endpoint,
  request: GenerationRequest,
  onPart: (part: GenerationPart) => void,
): Promise<void> {
  const { upstream, options } = endpoint;
  request.signal.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(request.signal.reason);
  request.signal.addEventListener('abort', abort, { once: true });
  let handedOn = false;
  let headersSeen = false;
  let complete = false;
  using watchdog = createWatchdog(() => controller.abort(timeoutError(endpoint, handedOn)));
  const firstTokenDeadline = performance.now() + options.firstTokenTimeoutMs;
  const handOn = (part: GenerationPart): void => {
    handedOn = true;
    onPart(part);
  };
  try {
    watchdog.setDeadline(firstTokenDeadline);
    const { response, joiner } = await open(endpoint, request, controller.signal);
    headersSeen = true;
    const reader = createAnswerReader(upstream, contentTypeOf(upstream, response), joiner);
    const waitOn = (closing: boolean): void => {
      const waitMs = closing ? UPSTREAM_LIMITS.closingMs : options.idleTimeoutMs;
      watchdog.setDeadline(handedOn || closing ? performance.now() + waitMs : firstTokenDeadline);
    };
    await readAnswer(response, reader, handOn, waitOn);
    complete = reader.complete;
    if (complete) drain(response);
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    const reason: unknown = controller.signal.aborted ? controller.signal.reason : error;
    const failure = reason instanceof GenerationError ? reason : networkError(upstream, reason, headersSeen);
    failure.afterFirstToken = handedOn;
    throw failure;
  } finally {
    request.signal.removeEventListener('abort', abort);
    if (!complete) controller.abort();
  }
}

/** Resolves once the end part was handed on; rejects with what went wrong, in the body or in `onPart`. */
function readAnswer(
  response: PushedResponse,
  reader: AnswerReader,
  onPart: (part: GenerationPart) => void,
  waitOn: (closing: boolean) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let settled = false;
    const settle = (finish: () => void): void => {
      settled = true;
      finish();
    };
    const take = (parts: () => GenerationPart[]): void => {
      if (settled) return;
      try {
        for (const part of parts()) onPart(part);
        if (reader.failure !== null) throw reader.failure;
        if (reader.state === 'ended') settle(resolve);
        else waitOn(reader.state === 'closing');
      } catch (error) {
        settle(() => reject(error as Error));
      }
    };
    waitOn(false);
    response.consume({
      onChunk: (chunk) => take(() => reader.push(chunk)),
      onError(error) {
        // The answer is whole once its last token is here; what breaks after that changes nothing.
        if (reader.state === 'closing') take(() => reader.close());
        else if (!settled) settle(() => reject(error));
      },
    });
  });
}

/** Reads what is left without looking, so that the connection can be used again; drops it when that takes long. */
function drain(response: PushedResponse): void {
  const timer = setTimeout(
    () => response.abort(new Error('nothing more is expected')),
    UPSTREAM_LIMITS.closingMs,
  );
  timer.unref();
  response.consume({
    onChunk(chunk) {
      if (chunk === null) clearTimeout(timer);
    },
    onError: () => clearTimeout(timer),
  });
}

/** Asks, and asks again in the way that a refusal taught, until there is a stream to read. */
async function open(
  endpoint: Endpoint,
  request: GenerationRequest,
  signal: AbortSignal,
): Promise<{ response: PushedResponse; joiner: Joiner }> {
  const continuing = cutPrefix(request.prefix).head !== '';
  const dialect = { ...endpoint.dialect };
  const lessons: Partial<Dialect> = {};
  for (let tries = 1; ; tries++) {
    const response = await send(endpoint, request, dialect, signal);
    if (response.statusCode === 200) {
      endpoint.dialect = { ...endpoint.dialect, ...lessons };
      const continued = continuing && dialect.continuation !== 'none';
      if (request.prefix === '') return { response, joiner: joinNothing() };
      return {
        response,
        joiner: continued ? joinContinued(request.prefix) : joinRegenerated(request.prefix),
      };
    }
    const refusal = { status: response.statusCode, ...readErrorBody(await readError(response)) };
    const lesson =
      (refusal.status === 400 || refusal.status === 422) && tries < MAX_TRIES
        ? adaptDialect(dialect, refusal.message, continuing)
        : null;
    if (lesson === null) {
      throw refusalError(endpoint.upstream, refusal, readRetryAfter(response.headers, Date.now()));
    }
    Object.assign(dialect, lesson.change);
    if (lesson.lasting) Object.assign(lessons, lesson.change);
  }
}

async function send(
  endpoint: Endpoint,
  request: GenerationRequest,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<PushedResponse> {
  const { model, extraBody = {}, baseUrl } = endpoint.options;
  const continuing = request.prefix !== '';
  const url = `${continuing ? continuationBaseUrl(baseUrl, dialect.continuation) : baseUrl}/chat/completions`;
  const options = () => ({
    url,
    // Each call is a span of its own.
    headers: { ...endpoint.headers, ...traceHeaders() },
    body: JSON.stringify(buildChatBody(request, dialect, { model, extraBody })),
    signal,
  });
  try {
    return await openResponse(endpoint.dispatcher, options());
  } catch (error) {
    if (signal.aborted || !STALE_CONNECTION_CODES.has(networkCode(error))) throw error;
    return await openResponse(endpoint.dispatcher, options());
  }
}

function contentTypeOf(upstream: UpstreamIdentity, response: PushedResponse): string {
  const contentType = String(response.headers['content-type'] ?? '');
  if (contentType.includes('text/html')) throw garbageError(upstream, 'it answers with a web page');
  return contentType;
}

/** The start of an error's body; a long one is not read to its end. */
function readError(response: PushedResponse): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const finish = (): void => resolve(Buffer.concat(chunks).toString('utf8'));
    response.consume({
      onChunk(chunk) {
        if (chunk === null) return finish();
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes <= UPSTREAM_LIMITS.maxErrorBytes) return;
        finish();
        response.abort(new Error('an error of this length is not read to its end'));
      },
      onError: reject,
    });
  });
}

function timeoutError(endpoint: Endpoint, handedOn: boolean): GenerationError {
  const { firstTokenTimeoutMs, idleTimeoutMs } = endpoint.options;
  const what = handedOn
    ? `fell silent for ${idleTimeoutMs} ms in the middle of its answer`
    : `gave no first token within ${firstTokenTimeoutMs} ms`;
  return new GenerationError(
    'upstream_timeout',
    `The model endpoint "${endpoint.options.name}" ${what}; check its load or raise the limit`,
  );
}
