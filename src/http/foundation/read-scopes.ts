import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import { type ReadScope, withinReadScope } from '../../ledger/memory/remember-reads.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Changes nothing, though its method may: it is served from memory while the ledger is away. */
    readsOnly?: true;
  }
}

const SCOPE = Symbol('read scope');
type Scoped = FastifyRequest & { [SCOPE]?: ReadScope };
const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Each request's reads are remembered, and recalled for what changes nothing. A reply that rests on memory says so:
 * `x-budao-served-from: memory`, and `age` in seconds (RFC 9111). Registered before the guard, whose reads count too.
 */
export function registerReadScopes(app: FastifyInstance, metrics: Registry): void {
  const fromMemory = new Counter({
    name: 'budao_http_served_from_memory_total',
    help: 'Requests answered from what was read before, because the ledger was away.',
    registers: [metrics],
  });
  app.addHook('onRequest', (request, _reply, done) => {
    const scope: ReadScope = { mayRecall: onlyReads(request), remembers: true, recalledAgeMs: null };
    (request as Scoped)[SCOPE] = scope;
    withinReadScope(scope, done);
  });
  // Again after the body was read: its last bytes come in the context of the connection.
  app.addHook('preHandler', (request, _reply, done) => {
    const scope = (request as Scoped)[SCOPE];
    if (scope === undefined) return done();
    // Of a change only who asked for it is worth remembering.
    scope.remembers = scope.mayRecall;
    withinReadScope(scope, done);
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    const ageMs = (request as Scoped)[SCOPE]?.recalledAgeMs ?? null;
    if (ageMs !== null) {
      fromMemory.inc();
      reply
        .header('x-budao-served-from', 'memory')
        .header('age', String(Math.ceil(ageMs / 1_000)))
        .header('cache-control', 'no-store');
    }
    done();
  });
}

/** Probes tell how things are; a stream follows the log as it grows, which memory cannot do. */
function onlyReads(request: FastifyRequest): boolean {
  const { public: isPublic, readsOnly } = request.routeOptions.config;
  if (isPublic === true) return false;
  if (readsOnly === true) return true;
  if (!READING_METHODS.has(request.method)) return false;
  const { stream } = request.query as { stream?: unknown };
  const isStream =
    request.headers.accept?.includes('text/event-stream') === true ||
    (stream !== undefined && stream !== 'false');
  return !isStream;
}
