import type { Socket } from 'node:net';
import type { ErrorCode } from '../../contract/error-codes.ts';
import { BudaoError } from '../../contract/errors.ts';
import { errorReply, openAiError } from './error-reply.ts';

const REASONS: Readonly<Record<string, [status: string, code: ErrorCode, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'headers_too_large',
    'The headers of the request are too large: at most 16 KiB are taken. Send long values in the body.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'request_timeout',
    'The request did not arrive in time. Send it again.',
  ],
};
const OTHERWISE: [string, ErrorCode, string] = [
  '400 Bad Request',
  'invalid_http',
  'The request is not valid HTTP. Check the address and whether it should be http or https.',
];

/** How long the rest of a bad request is read and thrown away, so that its sender gets to read the answer. */
const LINGER_MS = 1_000;

/** What never becomes a request is answered in the usual shape all the same. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || socket.writableEnded) return;
  const [statusLine, code, message] = REASONS[error.code ?? ''] ?? OTHERWISE;
  const status = Number.parseInt(statusLine, 10);
  const body = JSON.stringify(
    openAiError({ ...errorReply(new BudaoError('invalid', code, message)), status }),
  );
  if (!socket.writable) return void socket.destroy();
  socket.end(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
