/** Signed requests to one bucket: tried again where that may help, within a budget, and never without an end. */
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, request as send } from 'undici';
import {
  isPassing,
  isWorthAnotherTry,
  networkFault,
  readRefusal,
  refusalError,
  type S3Refusal,
  storageUnavailable,
} from './s3-errors.ts';
import { checkS3Options, S3_LIMITS, type S3Limits, type S3Options } from './s3-options.ts';
import { RetryBudget } from './s3-retry-budget.ts';
import { type S3Request, signRequest } from './s3-signature.ts';
import { Slots } from './s3-slots.ts';

const MAX_ERROR_BYTES = 64 * 1024;
const PIECE_BYTES = 256 * 1024;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Below this the store takes a request as it is. */
const CLOCK_TOLERANCE_MS = 60_000;
/** What stores put up with. */
const TAKEN_SKEW_MS = 14 * 60_000;
/** The store may want to see other keys, or another time of day; each of them once. */
const RENEWABLE = new Set([
  'AccessDenied',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
]);

export interface S3Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The store's clock, as the answer says. */
  serverTimeMs: number;
  /** Above one, an earlier try may have been carried out although no answer came. */
  tries: number;
}

export interface S3Stream {
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
}

type Outcome =
  | { stream: S3Stream }
  | { refusal: S3Refusal; headers: IncomingHttpHeaders }
  | { failure: unknown };

export class S3Client implements AsyncDisposable {
  readonly options: S3Options;
  readonly limits: S3Limits;
  readonly #agent: Agent;
  readonly #slots: Slots;
  readonly #budget: RetryBudget;
  #clockOffsetMs = 0;

  /** @throws BudaoError storage_address_invalid */
  constructor(options: S3Options) {
    checkS3Options(options);
    this.options = options;
    this.limits = { ...S3_LIMITS, ...options.limits };
    this.#slots = new Slots(this.limits.maxConcurrent);
    this.#budget = new RetryBudget(this.limits.retryBudget);
    const authority = options.certificateAuthority ?? null;
    this.#agent = new Agent({
      connections: this.limits.maxConcurrent,
      connect: {
        timeout: this.limits.connectTimeoutMs,
        ...(authority === null ? {} : { ca: authority }),
      },
      headersTimeout: 0,
      bodyTimeout: this.limits.silenceTimeoutMs,
    });
  }

  /** Milliseconds by which the store's clock is ahead, as far as it has complained. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** @throws BudaoError storage_unavailable, storage_refused, storage_full */
  async send(request: S3Request): Promise<S3Answer> {
    const { answer } = await this.#withTries(request, async (stream, tries) => {
      const text = await readText(stream.body, MAX_ANSWER_BYTES);
      if (request.mayFailLate === true && /<Error[\s>]/.test(text)) {
        return {
          refusal: { ...readRefusal(stream.status, text, null), status: 500 },
          headers: stream.headers,
        };
      }
      const serverTimeMs = Date.parse(String(stream.headers.date));
      return { answer: { status: stream.status, headers: stream.headers, text, serverTimeMs, tries } };
    });
    return answer;
  }

  /** The body of the answer as it comes; it fails after a silence. Tries end with its first byte. */
  async open(request: S3Request): Promise<S3Stream> {
    const { answer } = await this.#withTries(request, async (stream) => ({ answer: stream }));
    return answer;
  }

  /** One try, whatever comes of it: for the probe, which wants to see how the store answers. */
  async ask(request: S3Request): Promise<S3Answer> {
    const outcome = await this.#try(
      { ...request, accept: ANY_STATUS },
      { leftMs: this.limits.deadlineMs, silenceMs: this.limits.silenceTimeoutMs },
    );
    if (!('stream' in outcome)) throw this.#errorOf(outcome);
    const { status, headers, body } = outcome.stream;
    const text = await readText(body, MAX_ANSWER_BYTES);
    return { status, headers, text, serverTimeMs: Date.parse(String(headers.date)), tries: 1 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  async #withTries<T>(
    request: S3Request,
    read: (
      stream: S3Stream,
      tries: number,
    ) => Promise<{ answer: T } | Exclude<Outcome, { stream: S3Stream }>>,
  ): Promise<{ answer: T }> {
    const { deadlineMs, slowestBytesPerSecond, silenceTimeoutMs } = this.limits;
    const bodyMs = ((request.body?.length ?? 0) / slowestBytesPerSecond) * 1_000;
    const workMs = ((request.workBytes ?? 0) / slowestBytesPerSecond) * 1_000;
    const deadline = performance.now() + deadlineMs + bodyMs + workMs;
    const lessons = new Set<string>();
    for (let tries = 1; ; tries += 1) {
      const left = deadline - performance.now();
      const tried = await this.#try(request, { leftMs: left, silenceMs: silenceTimeoutMs + workMs });
      const outcome =
        'stream' in tried
          ? await read(tried.stream, tries).catch((failure: unknown) => ({ failure }))
          : tried;
      if ('answer' in outcome) {
        this.#budget.refund();
        return outcome;
      }
      if (await this.#learn(outcome, lessons)) continue;
      const pauseMs = this.#pause(outcome, tries);
      const isOver = tries >= this.limits.maxTries || performance.now() + pauseMs > deadline;
      if (isOver || !isWorthwhile(outcome) || !this.#budget.take()) throw this.#errorOf(outcome);
      await sleep(pauseMs);
    }
  }

  async #try(
    request: S3Request,
    { leftMs, silenceMs }: { leftMs: number; silenceMs: number },
  ): Promise<Outcome> {
    const giveBack = await this.#slots.take();
    const timeout = new AbortController();
    const deadline = setTimeout(() => timeout.abort(), Math.max(1, leftMs));
    const silence = setTimeout(() => timeout.abort(), Math.max(1, silenceMs));
    try {
      const credentials = await this.options.credentials.current();
      const signed = signRequest(this.options, credentials, request, Date.now() + this.#clockOffsetMs);
      const response = await send(`${signed.origin}${signed.path}`, {
        dispatcher: this.#agent,
        method: request.method,
        headers: {
          ...signed.headers,
          ...(request.body ? { 'content-length': String(request.body.length) } : {}),
        },
        // In pieces, so that a store that takes no more is noticed however long the whole may take.
        body: request.body ? Readable.from(piecesOf(request.body, () => silence.refresh())) : null,
        signal: timeout.signal,
      });
      const { statusCode: status, headers, body } = response;
      if (status < 300 || (request.accept ?? []).includes(status)) {
        body.once('close', giveBack);
        return { stream: { status, headers, body } };
      }
      const refusal = await this.#readRefusal(response, request);
      giveBack();
      return { refusal, headers };
    } catch (failure) {
      giveBack();
      return { failure };
    } finally {
      clearTimeout(deadline);
      clearTimeout(silence);
    }
  }

  async #readRefusal(response: Dispatcher.ResponseData, { method }: S3Request): Promise<S3Refusal> {
    const { statusCode: status, headers, body } = response;
    const text = await readText(body, MAX_ERROR_BYTES);
    const requestId = headers['x-amz-request-id'];
    const refusal = readRefusal(status, text, typeof requestId === 'string' ? requestId : null);
    // The answer to HEAD has no body that could say it.
    return method === 'HEAD' && refusal.code === ''
      ? { ...refusal, code: headCode(status, headers) }
      : refusal;
  }

  /** @returns whether the same request may now be taken, since keys or clock were wrong */
  async #learn(outcome: Outcome, lessons: Set<string>): Promise<boolean> {
    if (!('refusal' in outcome)) return false;
    const { code } = outcome.refusal;
    if (lessons.has(code)) return false;
    lessons.add(code);
    if (code === 'RequestTimeTooSkewed') {
      const offset = Date.parse(String(outcome.headers.date)) - Date.now();
      if (Number.isNaN(offset) || Math.abs(offset - this.#clockOffsetMs) < CLOCK_TOLERANCE_MS) return false;
      this.#clockOffsetMs = offset;
      return true;
    }
    return RENEWABLE.has(code) && this.options.credentials.renew().catch(() => false);
  }

  #pause(outcome: Outcome, tries: number): number {
    const { firstPauseMs, longestPauseMs } = this.limits;
    const asked = 'headers' in outcome ? Number(outcome.headers['retry-after']) * 1_000 : Number.NaN;
    if (asked > 0) return Math.min(asked, longestPauseMs);
    // Half of it at random, so that many that failed together do not come back together.
    const full = Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
    return full / 2 + (Math.random() * full) / 2;
  }

  #errorOf(outcome: Exclude<Outcome, { stream: S3Stream }>): unknown {
    if ('refusal' in outcome) return refusalError(this.options, outcome.refusal);
    if (isOwnError(outcome.failure)) return outcome.failure;
    return storageUnavailable(this.options, networkFault(outcome.failure), outcome.failure);
  }
}

const ANY_STATUS = Array.from({ length: 300 }, (_, index) => 300 + index);

function isWorthwhile(outcome: Outcome): boolean {
  if ('refusal' in outcome) return isPassing(outcome.refusal);
  return 'failure' in outcome && !isOwnError(outcome.failure) && isWorthAnotherTry(outcome.failure);
}

function isOwnError(error: unknown): boolean {
  return (error as Error).name === 'BudaoError';
}

function* piecesOf(body: Buffer, onPiece: () => void): Generator<Buffer> {
  for (let start = 0; start < body.length; start += PIECE_BYTES) {
    onPiece();
    yield body.subarray(start, start + PIECE_BYTES);
  }
}

function headCode(status: number, headers: IncomingHttpHeaders): string {
  if (status !== 403) return '';
  const skewMs = Math.abs(Date.parse(String(headers.date)) - Date.now());
  return skewMs > TAKEN_SKEW_MS ? 'RequestTimeTooSkewed' : 'AccessDenied';
}

async function readText(body: Readable, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new RangeError('the answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
