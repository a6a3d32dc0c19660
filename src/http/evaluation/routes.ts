import type { FastifyPluginAsync } from 'fastify';
import type { EvaluationDependencies } from './dependencies.ts';
import { evaluationRoutes } from './evaluation-routes.ts';
import { goldenQuestionRoutes } from './golden-question-routes.ts';
import { goldenSetRoutes } from './golden-set-routes.ts';

/** Everything about golden sets and what is found with them. */
export function qualityRoutes(dependencies: EvaluationDependencies): FastifyPluginAsync {
  return async (app) => {
    await app.register(goldenSetRoutes(dependencies));
    await app.register(goldenQuestionRoutes(dependencies));
    await app.register(evaluationRoutes(dependencies));
  };
}
