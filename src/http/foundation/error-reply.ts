/** The one place where errors become HTTP: OpenAI's shape for clients of the API, problem+json for operations. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../contract/error-codes.ts';
import { BudaoError, type ErrorKind } from '../../contract/errors.ts';
import { messageForClients } from '../../ledger/client-messages.ts';
import { isLedgerAway } from '../../ledger/errors.ts';

const STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  // Not 409, which OpenAI clients send again by themselves: this conflict stays.
  conflict: 422,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
};

const DEFAULT_RETRY_AFTER_MS = 1_000;
/** All who were refused in an outage do not come back at once. */
const LEDGER_RETRY_SPREAD_MS = 4_000;

const STATUS_BY_CODE: Readonly<Record<string, number>> = { storage_full: 507 };

const TYPE_BY_STATUS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'service_unavailable',
  507: 'storage_full',
};

/** What Fastify itself refuses, in the product's words. */
const FRAMEWORK_ERRORS: Readonly<Record<string, [ErrorKind, ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'too_large',
    'request_too_large',
    'The request body is too large. Put long material into a document and ask about it.',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'invalid',
    'unsupported_media_type',
    'Send the body as JSON with the header Content-Type: application/json, or a file as multipart/form-data.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'invalid',
    'invalid_content_length',
    'The body is not as long as its Content-Length says.',
  ],
  FST_ERR_BAD_URL: [
    'invalid',
    'invalid_url',
    'The URL is not valid: write special characters in it as percent signs with two hexadecimal digits.',
  ],
  FST_ERR_MAX_PARAM_LENGTH: [
    'not_found',
    'route_not_found',
    'There is nothing under this address: no id is so long.',
  ],
};

export interface ErrorReply {
  status: number;
  code: string;
  message: string;
  param: string | null;
  retryAfterSeconds: number | null;
}

export function errorReply(error: unknown): ErrorReply {
  const known = asBudaoError(error);
  if (known === null) {
    return {
      status: 500,
      code: 'internal_error',
      message: 'Something unexpected went wrong here. The log has the details under this request id.',
      param: null,
      retryAfterSeconds: null,
    };
  }
  const status = STATUS_BY_CODE[known.code] ?? STATUS[known.kind];
  const isPassing = status === 429 || status === 503;
  const { retryAfterMs } = known as { retryAfterMs?: unknown };
  const usualMs = isLedgerAway(known) ? Math.random() * LEDGER_RETRY_SPREAD_MS : DEFAULT_RETRY_AFTER_MS;
  const waitMs = typeof retryAfterMs === 'number' ? retryAfterMs : usualMs;
  return {
    status,
    code: known.code,
    message: messageForClients(known),
    param: known.param,
    retryAfterSeconds: isPassing ? Math.max(1, Math.ceil(waitMs / 1000)) : null,
  };
}

function asBudaoError(error: unknown): BudaoError | null {
  if (error instanceof BudaoError) return error;
  const { code, statusCode } = error as Partial<FastifyError>;
  const framework = code === undefined ? undefined : FRAMEWORK_ERRORS[code];
  if (framework !== undefined) return new BudaoError(...framework, { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new BudaoError('invalid', 'invalid_request', (error as Error).message, { cause: error });
  }
  return null;
}

/** OpenAI's error object; also what a broken chat stream carries as its last word. */
export function openAiError(reply: Pick<ErrorReply, 'status' | 'code' | 'message' | 'param'>): {
  error: { message: string; type: string; param: string | null; code: string };
} {
  const type = TYPE_BY_STATUS[reply.status] ?? 'invalid_request_error';
  return { error: { message: reply.message, type, param: reply.param, code: reply.code } };
}

export function registerErrorReplies(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendError(request, reply, error));
}

export async function sendError(request: FastifyRequest, reply: FastifyReply, error: unknown): Promise<void> {
  const answer = errorReply(error);
  // Refused on purpose, and counted: a line for each would be one more load.
  if (answer.status >= 500 && answer.code !== 'overloaded')
    request.log.error({ err: error, code: answer.code }, 'request failed');
  if (answer.retryAfterSeconds !== null) reply.header('retry-after', String(answer.retryAfterSeconds));
  // A full disk does not empty itself between two retries.
  if (answer.status === 507) reply.header('x-should-retry', 'false');
  // What a route says about its good answers does not hold: a file that is gone may be there after an update.
  reply.code(answer.status).header('cache-control', 'no-store');
  if (request.url.startsWith('/ops')) {
    await reply.type('application/problem+json').send({
      type: 'about:blank',
      title: answer.code,
      status: answer.status,
      detail: answer.message,
      code: answer.code,
      param: answer.param,
      request_id: request.id,
    });
    return;
  }
  await reply.type('application/json').send(openAiError(answer));
}
