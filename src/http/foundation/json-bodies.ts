import type { FastifyInstance } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';

/** JSON bodies; an empty one is no body, as clients send it with a POST that needs none. */
export function registerJsonBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    const text = body.toString();
    if (text.trim() === '') return done(null, undefined);
    try {
      done(null, JSON.parse(text));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      done(new BudaoError('invalid', 'invalid_json', `The request body is not valid JSON: ${message}.`));
    }
  });
}
