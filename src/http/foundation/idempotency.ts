/** The header `Idempotency-Key`: a request that is sent again with it gets what the first one made. */
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import type { RequestMark } from '../../ledger/made-once.ts';
import { callerOf } from '../caller.ts';
import { MAX_IDEMPOTENCY_KEY_CHARS } from '../limits.ts';

/** @throws BudaoError invalid_idempotency_key */
export function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || key === '' || key.length > MAX_IDEMPOTENCY_KEY_CHARS) {
    throw new BudaoError(
      'invalid',
      'invalid_idempotency_key',
      `The header Idempotency-Key takes 1 to ${MAX_IDEMPOTENCY_KEY_CHARS} characters.`,
      { param: 'Idempotency-Key' },
    );
  }
  return key;
}

/** Tells two requests apart that come with the same key. */
export function hashBody(surface: string, body: object): string {
  return createHash('sha256').update(surface).update(JSON.stringify(body)).digest('hex');
}

/** By what a repeated request is known, or null where it came without an idempotency key. */
export function requestMark(request: FastifyRequest, surface: string, body: object): RequestMark | null {
  const key = idempotencyKeyOf(request);
  if (key === null) return null;
  return { key: `${callerOf(request).ownerId} ${key}`, bodyHash: hashBody(surface, body) };
}
