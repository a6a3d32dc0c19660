// Turns what goes wrong between here and a model endpoint into errors that say what to do.

import { GenerationError, type GenerationErrorCode } from './generation-error.ts';
import { excerpt } from './redact.ts';

/** Asking another model after a refusal of the content would only get around it. */
const CONTENT_REFUSALS = /content[_ ]?(filter|policy)|data_?inspection|sensitive/i;

export interface UpstreamIdentity {
  /** The endpoint's name in the configuration. */
  name: string;
  /** Values that must not appear in messages. */
  secrets: readonly string[];
}

export interface UpstreamRefusal {
  status: number;
  message: string;
  code: string;
}

/** The message and the code in an error body of any of the usual shapes. */
export function readErrorBody(body: string): { message: string; code: string } {
  try {
    const parsed = JSON.parse(body) as Record<string, unknown> | null;
    const error = parsed?.error ?? parsed?.detail ?? parsed;
    if (typeof error === 'string') return { message: error, code: '' };
    if (error !== null && typeof error === 'object') {
      const { message, code, type } = error as Record<string, unknown>;
      const text = typeof message === 'string' ? message : JSON.stringify(error);
      const name = code ?? type;
      return {
        message: text,
        code: typeof name === 'number' ? `${name}` : typeof name === 'string' ? name : '',
      };
    }
  } catch {
    // Not JSON: a proxy's page, mostly.
  }
  return { message: body.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '), code: '' };
}

export function refusalError(
  upstream: UpstreamIdentity,
  refusal: UpstreamRefusal,
  retryAfterMs: number | null,
): GenerationError {
  const { status } = refusal;
  const said = excerpt(refusal.message, upstream.secrets);
  const quote = said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`;
  const make = (code: GenerationErrorCode, advice: string, tryElsewhere = true) =>
    new GenerationError(code, `The model endpoint "${upstream.name}" ${advice} (${quote})`, {
      status,
      retryAfterMs,
      tryElsewhere,
    });
  if (status === 401 || status === 403) {
    return make('upstream_unauthorized', 'does not accept the API key; check the key and its rights');
  }
  if (status === 402)
    return make('upstream_unauthorized', 'wants to be paid; check the balance of the account');
  if (status === 429)
    return make('upstream_rate_limited', 'has too much to do; try again later or raise its limit');
  if (status === 408) return make('upstream_timeout', 'gave up waiting');
  if (status >= 300 && status < 400) {
    return make('upstream_refused', 'redirects elsewhere; configure the address it ends at');
  }
  if (status === 404)
    return make('upstream_refused', 'knows no such path or model; check base URL and model name');
  if (status >= 400 && status < 500) {
    const aboutContent = CONTENT_REFUSALS.test(`${refusal.code} ${refusal.message}`);
    return make('upstream_refused', 'refuses the request', !aboutContent);
  }
  return make('upstream_failed', 'failed; look at its logs');
}

/** An error event or body inside a response that began with 200. */
export function errorInStream(upstream: UpstreamIdentity, error: unknown): GenerationError {
  const { message, code } = readErrorBody(JSON.stringify({ error }));
  const status = Number(code);
  if (status >= 400 && status < 600) return refusalError(upstream, { status, message, code }, null);
  if (/rate_?limit/i.test(code)) return refusalError(upstream, { status: 429, message, code }, null);
  const said = excerpt(message, upstream.secrets);
  const aboutContent = CONTENT_REFUSALS.test(`${code} ${message}`);
  return new GenerationError(
    aboutContent ? 'upstream_refused' : 'upstream_failed',
    `The model endpoint "${upstream.name}" ${aboutContent ? 'broke off' : 'failed in the middle of'} its answer: ${said}`,
    { tryElsewhere: !aboutContent },
  );
}

/** An error from the socket, the resolver or TLS. */
export function networkError(
  upstream: UpstreamIdentity,
  error: unknown,
  headersSeen: boolean,
): GenerationError {
  const code = networkCode(error);
  if (code.includes('TIMEOUT') || code === 'ETIMEDOUT') {
    return new GenerationError(
      'upstream_timeout',
      `The model endpoint "${upstream.name}" cannot be reached in time (${code}); check address and network`,
      { cause: error },
    );
  }
  if (headersSeen) {
    return new GenerationError(
      'upstream_cut',
      `The model endpoint "${upstream.name}" broke off the connection in the middle of its answer (${code})`,
      { cause: error },
    );
  }
  const advice: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there; start it or correct the base URL',
    ENOTFOUND: 'the host name does not resolve; correct the base URL',
    EAI_AGAIN: 'the name server does not answer; check DNS',
    UND_ERR_SOCKET: 'it closed the connection without an answer',
    ECONNRESET: 'it closed the connection without an answer',
  };
  const about =
    advice[code] ??
    (/CERT|SSL|TLS/.test(code) ? 'its certificate is not trusted' : 'check address and network');
  return new GenerationError(
    'upstream_unreachable',
    `The model endpoint "${upstream.name}" cannot be reached: ${about} (${code})`,
    { cause: error },
  );
}

export function networkCode(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    // Node gathers the failures of several addresses of one host in an AggregateError.
    const first = at instanceof AggregateError ? (at.errors[0] as unknown) : at;
    const { code } = (first ?? at) as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return error instanceof Error ? error.name : 'unknown';
}

/** Milliseconds from `retry-after-ms` or `retry-after` (seconds or a date), or null. */
export function readRetryAfter(
  headers: Record<string, string | string[] | undefined>,
  nowMs: number,
): number | null {
  const milliseconds = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const value = String(headers['retry-after'] ?? '');
  if (value === '') return null;
  const waitMs = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.max(0, waitMs);
}
