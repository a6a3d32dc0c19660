import type { FastifyInstance } from 'fastify';
import type { HttpDependencies } from '../dependencies.ts';
import { Admission } from './admission.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly admission: Admission;
  }
}

/** What makes work that nobody watches: refused first when the service is loaded, so that questions are not. */
const WORK_ROUTES: ReadonlySet<string> = new Set([
  'POST /v1/files',
  'POST /v1/vector_stores/:id/documents',
  'POST /v1/vector_stores/:id/files',
  'POST /v1/vector_stores/:id/files/:file/reingest',
  'POST /v1/vector_stores/:id/file_batches',
  'POST /v1/vector_stores/:id/rebuild',
]);

const QUESTION_ROUTES: ReadonlySet<string> = new Set(['POST /v1/responses', 'POST /v1/chat/completions']);

/** After the guard of the routes, whose principals it counts, and before any body is read. */
export function registerAdmission(
  app: FastifyInstance,
  { ledger, capacity, metrics }: Pick<HttpDependencies, 'ledger' | 'capacity' | 'metrics'>,
): void {
  const admission = new Admission({ ledger, capacity, metrics });
  app.decorate('admission', admission);
  app.addHook('onRequest', async (request, reply) => {
    const { config, url } = request.routeOptions;
    if (config.public === true || request.is404) return;
    const { workspaceId } = request.principal;
    const { limit, remaining } = await admission.admitRequest(request.principal);
    reply.header('x-ratelimit-limit-requests', limit).header('x-ratelimit-remaining-requests', remaining);
    const route = `${request.method} ${url}`;
    if (WORK_ROUTES.has(route)) await admission.admitWork();
    // One that comes again may have been admitted before.
    const mayBeKnown = request.headers['idempotency-key'] !== undefined;
    if (QUESTION_ROUTES.has(route) && !mayBeKnown) await admission.admitToDoor(workspaceId);
  });
}
