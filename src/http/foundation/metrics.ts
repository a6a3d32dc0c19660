import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Serves `/metrics` and counts requests. Streams count when they end. */
export function registerMetrics(app: FastifyInstance, registry: Registry, streamCount: () => number): void {
  const requests = new Counter({
    name: 'budao_http_requests_total',
    help: 'HTTP requests answered, by route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'budao_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer, by route.',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 120],
    registers: [registry],
  });
  const streams = new Gauge({
    name: 'budao_http_streams',
    help: 'Event streams that are open now.',
    registers: [registry],
  });
  app.addHook('onRequest', (request, reply, done) => {
    const startedMs = performance.now();
    // The raw response ends for hijacked replies too, unlike the framework's own hooks.
    reply.raw.once('close', () => {
      const route = request.routeOptions.url ?? 'unmatched';
      requests.inc({ method: request.method, route, status: reply.raw.statusCode });
      durations.observe({ method: request.method, route }, (performance.now() - startedMs) / 1000);
    });
    done();
  });
  app.get(
    '/metrics',
    {
      config: {
        public: true,
        operation: { summary: 'Metrics for Prometheus', tag: 'Operations', produces: 'text/plain' },
      },
      logLevel: 'silent',
    },
    async (_request, reply) => {
      streams.set(streamCount());
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  );
}
