// An embedding model behind any OpenAI-compatible `/embeddings` endpoint.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, request as sendRequest } from 'undici';
import type { ErrorCode } from '../contract/error-codes.ts';
import { BudaoError, type ErrorKind } from '../contract/errors.ts';
import { traceHeaders } from '../contract/trace-context.ts';
import type { Embedder } from '../knowledge/ports.ts';
import { checkBaseUrl } from './endpoint-address.ts';
import { GenerationError } from './generation-error.ts';
import {
  networkError,
  readErrorBody,
  readRetryAfter,
  refusalError,
  type UpstreamIdentity,
} from './upstream-errors.ts';
import { normalised } from './vectors.ts';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** 2,048 inputs of 4,096 dimensions, written as decimals, stay under this. */
const MAX_RESPONSE_BYTES = 256 * 1_048_576;
const RETRIED_CODES = new Set([
  'upstream_unreachable',
  'upstream_timeout',
  'upstream_rate_limited',
  'upstream_failed',
]);

export interface OpenAiEmbedderOptions {
  name: string;
  baseUrl: string;
  apiKey: string | null;
  model: string;
  /** How many texts go into one request; DashScope takes 10 at most. */
  batchSize: number;
  connectTimeoutMs: number;
  /** For one request, from sending it to the last byte. */
  timeoutMs: number;
  /** How long to go on retrying: a reader waits for a query, nobody waits for passages. */
  retryBudgetMs: { query: number; passage: number };
  /** Asks the model for this vector length; null leaves it to the model. */
  dimension?: number | null;
  /** Asked before each retry; false ends the tries. Always allowed unless given. */
  mayRetry?: () => boolean;
  /** Put before each text, for models that were trained with such prefixes. */
  queryPrefix?: string;
  passagePrefix?: string;
  headers?: Record<string, string>;
  dispatcher?: Dispatcher;
}

export interface OpenAiEmbedder extends Embedder, AsyncDisposable {}

/** @throws BudaoError endpoint_address_invalid */
export function createOpenAiEmbedder(options: OpenAiEmbedderOptions): OpenAiEmbedder {
  const url = `${checkBaseUrl(options.baseUrl, options.name)}/embeddings`;
  const ownAgent = options.dispatcher ? null : new Agent({ connect: { timeout: options.connectTimeoutMs } });
  const dispatcher = options.dispatcher ?? ownAgent!;
  const upstream: UpstreamIdentity = {
    name: options.name,
    secrets: [...(options.apiKey === null ? [] : [options.apiKey]), ...Object.values(options.headers ?? {})],
  };
  let dimension = options.dimension ?? null;

  async function ask(inputs: readonly string[], signal: AbortSignal | undefined): Promise<number[][]> {
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const body = {
      model: options.model,
      input: inputs,
      encoding_format: 'float',
      ...(options.dimension ? { dimensions: options.dimension } : {}),
    };
    let text: string;
    try {
      const response = await sendRequest(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
          ...options.headers,
          ...traceHeaders(),
        },
        body: JSON.stringify(body),
        dispatcher,
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      text = await readLimited(response.body, upstream);
      if (response.statusCode !== 200) {
        const refusal = { status: response.statusCode, ...readErrorBody(text) };
        throw refusalError(upstream, refusal, readRetryAfter(response.headers, Date.now()));
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (timeout.aborted) throw timeoutError(options);
      throw error instanceof GenerationError || error instanceof BudaoError
        ? error
        : networkError(upstream, error, false);
    }
    const vectors = readVectors(text, inputs.length, dimension, upstream);
    dimension ??= vectors[0]?.length ?? null;
    return vectors;
  }

  async function askWithRetries(
    inputs: readonly string[],
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<number[][]> {
    for (let tries = 0; ; tries++) {
      try {
        return await ask(inputs, signal);
      } catch (error) {
        if (!(error instanceof GenerationError)) throw error;
        // An endpoint that says "at once" has not thought about it.
        const waitMs = error.retryAfterMs || Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries);
        const late = performance.now() + waitMs > deadline;
        const isHopeless = late || !RETRIED_CODES.has(error.code);
        if (isHopeless || options.mayRetry?.() === false) throw embedderError(error);
        await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  return {
    id: identityOf(options),
    get dimension() {
      return dimension;
    },

    async embed(texts, { purpose, signal }) {
      const prefix = (purpose === 'query' ? options.queryPrefix : options.passagePrefix) ?? '';
      const vectors: number[][] = [];
      for (let at = 0; at < texts.length; at += options.batchSize) {
        signal?.throwIfAborted();
        const inputs = texts.slice(at, at + options.batchSize).map((text) => prefix + text);
        const deadline = performance.now() + options.retryBudgetMs[purpose];
        vectors.push(...(await askWithRetries(inputs, deadline, signal)));
      }
      return vectors;
    },

    async [Symbol.asyncDispose]() {
      await ownAgent?.destroy();
    },
  };
}

/** The model makes the vectors, not the address: a server that moves keeps its index. */
function identityOf(options: OpenAiEmbedderOptions): string {
  const traits = JSON.stringify([options.passagePrefix ?? '', options.queryPrefix ?? '']);
  const plain = traits === '["",""]';
  const prefixes = plain ? '' : `:${createHash('sha256').update(traits).digest('hex').slice(0, 8)}`;
  return `openai:${options.model}${options.dimension ? `:${options.dimension}` : ''}${prefixes}`;
}

function readVectors(
  text: string,
  count: number,
  dimension: number | null,
  upstream: UpstreamIdentity,
): number[][] {
  const rows = readRows(text);
  if (rows === null) throw wrongVectors(upstream, 'its answer is not a list of embeddings');
  if (rows.length !== count)
    throw wrongVectors(upstream, `it gave ${rows.length} vectors for ${count} texts`);
  const byIndex = Array.from<number[] | undefined>({ length: count });
  for (const [position, row] of rows.entries()) {
    const vector = Array.isArray(row.embedding) ? normalised(row.embedding as number[]) : null;
    if (vector === null)
      throw wrongVectors(upstream, 'a vector is all zero or has something else than numbers');
    byIndex[row.index ?? position] = vector;
  }
  const expected = dimension ?? byIndex[0]?.length;
  return byIndex.map((vector) => {
    if (vector === undefined) throw wrongVectors(upstream, 'the indexes of its vectors are not 0 to n - 1');
    if (vector.length !== expected) {
      throw wrongVectors(upstream, `it gave a vector of ${vector.length} numbers where ${expected} are due`);
    }
    return vector;
  });
}

function readRows(text: string): { index?: number; embedding?: unknown }[] | null {
  try {
    const { data } = JSON.parse(text) as { data?: unknown };
    const whole = Array.isArray(data) && data.every((row) => row !== null && typeof row === 'object');
    return whole ? (data as { index?: number; embedding?: unknown }[]) : null;
  } catch {
    return null;
  }
}

async function readLimited(body: AsyncIterable<unknown>, upstream: UpstreamIdentity): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_RESPONSE_BYTES)
      throw wrongVectors(upstream, `its answer is over ${MAX_RESPONSE_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

type EmbedderErrorCode = Extract<ErrorCode, `embedder_${string}`>;

/** The same failures as a generator's, under the embedder's own codes. */
function embedderError(error: GenerationError): BudaoError {
  const kind: ErrorKind = error.kind;
  const code = error.code.replace('upstream_', 'embedder_') as EmbedderErrorCode;
  return new BudaoError(kind, code, error.message, { cause: error });
}

function wrongVectors(upstream: UpstreamIdentity, what: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'embedder_wrong_vectors',
    `The embedding endpoint "${upstream.name}" cannot be trusted: ${what}; check its model and settings`,
  );
}

function timeoutError(options: OpenAiEmbedderOptions): GenerationError {
  return new GenerationError(
    'upstream_timeout',
    `The embedding endpoint "${options.name}" did not answer within ${options.timeoutMs} ms; check its load, ` +
      'lower the batch size or raise the limit',
  );
}
