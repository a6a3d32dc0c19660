import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readTraceParent, withinTrace } from '../../contract/trace-context.ts';
import { type Span, startSpan } from '../../health/telemetry/span.ts';

const SPAN = Symbol('span');
type Traced = FastifyRequest & { [SPAN]?: Span };
const FIRST_SERVER_ERROR = 500;

/** What this process itself calls while it answers belongs to the request's trace. Comes before the routes. */
export function registerTraces(app: FastifyInstance): void {
  // After the body was read: its last bytes come in the context of the connection.
  app.addHook('preHandler', (request, reply, done) => {
    const parent = readTraceParent(request.headers.traceparent);
    const span = request.routeOptions.logLevel === 'silent' ? null : startServerSpan(request, parent);
    if (span === null) return withinTrace(parent, done);
    (request as Traced)[SPAN] = span;
    reply.raw.once('close', () => {
      const { statusCode } = reply.raw;
      span.set({ 'http.response.status_code': statusCode });
      span.end(statusCode >= FIRST_SERVER_ERROR ? String(statusCode) : null);
    });
    span.within(done);
  });
}

/** The trace for the input of a run that the request asks for, which another process works on. */
export function traceOf(request: FastifyRequest): { traceParent?: string } {
  const traceParent = traceParentOf(request);
  return traceParent === null ? {} : { traceParent };
}

/** Of the span that is recorded for it, else as it came. */
export function traceParentOf(request: FastifyRequest): string | null {
  return (request as Traced)[SPAN]?.traceParent ?? readTraceParent(request.headers.traceparent);
}

/** Without the query string, which may hold what people search for. */
function startServerSpan(request: FastifyRequest, parent: string | null): Span | null {
  const route = request.routeOptions.url ?? 'unmatched';
  const attributes = {
    'http.request.method': request.method,
    'http.route': route,
    'url.scheme': request.protocol,
    'budao.request.id': request.id,
  };
  return startSpan(`${request.method} ${route}`, { kind: 'server', attributes, parent });
}
