import type { ErrorCode } from '../../contract/error-codes.ts';
import { BudaoError } from '../../contract/errors.ts';

/** Refused because of load, before anything was stored: the same request is welcome after `retryAfterMs`. */
export class AdmissionError extends BudaoError {
  readonly retryAfterMs: number;

  constructor(kind: 'rate_limited' | 'unavailable', code: ErrorCode, message: string, retryAfterMs: number) {
    super(kind, code, message);
    this.retryAfterMs = retryAfterMs;
  }
}

export function tooManyRequests(
  sender: 'key' | 'person',
  perMinute: number,
  retryAfterMs: number,
): AdmissionError {
  return new AdmissionError(
    'rate_limited',
    'rate_limit_exceeded',
    sender === 'key'
      ? `This API key may send ${perMinute} requests a minute, and has sent them. Send this one again later.`
      : `You may send ${perMinute} requests a minute, and have sent them. Send this one again later.`,
    retryAfterMs,
  );
}

export function queueFull(limit: number): AdmissionError {
  return new AdmissionError(
    'rate_limited',
    'queue_full',
    `${limit} questions of this workspace are waiting for an answer, which is as many as it may have. Wait for some of ` +
      'them, then ask again. An owner can change the limit queued_answers.',
    spread(3_000),
  );
}

export function overloaded(retryAfterMs: number): AdmissionError {
  return new AdmissionError(
    'unavailable',
    'overloaded',
    'The service has as much to do as it can do well, so it did not take this request. Send it again in a moment.',
    spread(retryAfterMs),
  );
}

/** Those who are refused together do not come back together. */
function spread(delayMs: number): number {
  return Math.round(delayMs * (0.5 + Math.random()));
}
