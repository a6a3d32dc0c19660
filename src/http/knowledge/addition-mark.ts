import type { FastifyRequest } from 'fastify';
import type { AdditionMark } from '../../knowledge/library/repeated-addition.ts';
import { callerOf } from '../caller.ts';
import { hashBody, idempotencyKeyOf } from '../foundation/idempotency.ts';

/** By what a repeated request is known, or null where it came without an idempotency key. */
export function additionMark(request: FastifyRequest, surface: string, body: object): AdditionMark | null {
  const key = idempotencyKeyOf(request);
  if (key === null) return null;
  return { key: `${callerOf(request).ownerId} ${key}`, bodyHash: hashBody(surface, body) };
}
