import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { LimitsReader } from '../admission/workspace-limits.ts';
import type { KnowledgeDependencies } from './dependencies.ts';
import { documentRoutes } from './document-routes.ts';
import { fileBatchRoutes } from './file-batch-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { MULTIPART_LIMITS } from './receive-upload.ts';
import { searchRoutes } from './search-routes.ts';
import { UploadSlots } from './upload-slots.ts';
import { vectorStoreFileRoutes } from './vector-store-file-routes.ts';
import { vectorStoreRoutes } from './vector-store-routes.ts';

/** Files and vector stores, as one plugin for `HttpDependencies.routes`. */
export function knowledgeRoutes(dependencies: KnowledgeDependencies): FastifyPluginAsync {
  return (app) => registerKnowledgeRoutes(app, dependencies);
}

/** The form reader is known to these routes only; all others go on refusing forms. */
export async function registerKnowledgeRoutes(
  app: FastifyInstance,
  dependencies: KnowledgeDependencies,
): Promise<void> {
  const limits = new LimitsReader(dependencies.ledger);
  const slots = new UploadSlots(async (workspaceId) => (await limits.of(workspaceId)).uploads);
  await app.register(async (scope) => {
    await scope.register(multipart, { limits: MULTIPART_LIMITS, throwFileSizeLimit: false });
    await scope.register(fileRoutes(dependencies, slots));
    await scope.register(documentRoutes(dependencies, slots));
  });
  await app.register(vectorStoreRoutes(dependencies));
  await app.register(vectorStoreFileRoutes(dependencies));
  await app.register(fileBatchRoutes(dependencies));
  await app.register(searchRoutes(dependencies));
}
