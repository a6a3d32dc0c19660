import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, Gauge, Histogram } from 'prom-client';
import { readProcessSignals } from '../../health/signals/process-signals.ts';
import { SignalTotals } from '../../health/signals/prometheus.ts';
import type { HttpDependencies } from '../dependencies.ts';

/** Serves `/metrics` and counts requests. Streams count when they end. */
export function registerMetrics(
  app: FastifyInstance,
  { metrics: registry, meter, ledger }: Pick<HttpDependencies, 'metrics' | 'meter' | 'ledger'>,
  streamCount: () => number,
): void {
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
  const isLedgerUp = new Gauge({
    name: 'budao_ledger_up',
    help: 'Whether the ledger could be read for these metrics.',
    registers: [registry],
  });
  const totals = new SignalTotals();
  app.addHook('onRequest', (request, reply, done) => {
    const startedMs = performance.now();
    // The raw response ends for hijacked replies too, unlike the framework's own hooks.
    reply.raw.once('close', () => {
      const route = request.routeOptions.url ?? 'unmatched';
      requests.inc({ method: request.method, route, status: reply.raw.statusCode });
      const seconds = (performance.now() - startedMs) / 1000;
      durations.observe({ method: request.method, route }, seconds);
      meter.gauge('streams', streamCount());
      // Probes say nothing of how people fare.
      if (request.routeOptions.logLevel === 'silent') return;
      meter.count('http_requests');
      if (reply.raw.statusCode >= 500) meter.count('http_errors');
      if (reply.raw.statusCode === 429) meter.count('http_rejected');
      if (isPrompt(request)) meter.time('http_time', seconds);
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
      const rows = await readProcessSignals(ledger.read).catch(() => null);
      isLedgerUp.set(rows === null ? 0 : 1);
      const own = await registry.metrics();
      if (rows !== null) totals.absorb(rows);
      return reply.type(registry.contentType).send(`${own}${totals.text()}`);
    },
  );
}

/** Answers take as long as a model does, and uploads as long as the line: neither says how quick the service is. */
function isPrompt({ routeOptions, headers }: FastifyRequest): boolean {
  const isUpload = headers['content-type']?.startsWith('multipart/') === true;
  return routeOptions.config.operation?.streams !== true && !isUpload;
}
