import type { FastifyRequest } from 'fastify';
import type { Caller } from '../answers/caller.ts';

/** Whoever signed the request, as the domain knows them. A key that belongs to nobody owns what it asked itself. */
export function callerOf(request: FastifyRequest): Caller {
  const { principal } = request;
  return { workspaceId: principal.workspaceId, ownerId: principal.accountId ?? principal.keyId ?? '' };
}
