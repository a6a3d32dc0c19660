import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readTraceParent, withinTrace } from '../../contract/trace-context.ts';

/** What this process itself calls while it answers belongs to the request's trace. Comes before the routes. */
export function registerTraces(app: FastifyInstance): void {
  // After the body was read: its last bytes come in the context of the connection.
  app.addHook('preHandler', (request, _reply, done) => {
    withinTrace(readTraceParent(request.headers.traceparent), done);
  });
}

/** The trace for the input of a run that the request asks for, which another process works on. */
export function traceOf(request: FastifyRequest): { traceParent?: string } {
  const traceParent = readTraceParent(request.headers.traceparent);
  return traceParent === null ? {} : { traceParent };
}
