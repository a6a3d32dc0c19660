import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify';
import { readTraceParent, traceIds } from '../contract/trace-context.ts';
import { accessPlugin } from './access/access-plugin.ts';
import { administrationRoutes } from './access/administration-routes.ts';
import { authRoutes } from './access/auth-routes.ts';
import { registerAdmission } from './admission/register-admission.ts';
import { chatRoutes } from './chat/chat-routes.ts';
import { conversationItemRoutes } from './conversations/conversation-item-routes.ts';
import { conversationRoutes } from './conversations/conversation-routes.ts';
import type { HttpDependencies } from './dependencies.ts';
import { answerClientError } from './foundation/client-errors.ts';
import { registerConsole } from './foundation/console-files.ts';
import { registerDeparture } from './foundation/departure.ts';
import { registerErrorReplies, sendError } from './foundation/error-reply.ts';
import { registerJsonBodies } from './foundation/json-bodies.ts';
import { registerMetrics } from './foundation/metrics.ts';
import { registerOpenApi } from './foundation/openapi.ts';
import { registerProbes } from './foundation/probes.ts';
import { registerReadScopes } from './foundation/read-scopes.ts';
import { registerNulRefusal } from './foundation/refuse-nul.ts';
import { registerSecurityHeaders } from './foundation/security-headers.ts';
import { registerTraces, traceParentOf } from './foundation/trace.ts';
import { MAX_BODY_BYTES, MAX_REQUEST_MS } from './limits.ts';
import { modelRoutes } from './models/model-routes.ts';
import { operationRoutes } from './operations/operation-routes.ts';
import { queueRoutes } from './operations/queue-routes.ts';
import { responseRoutes } from './responses/response-routes.ts';
import { StreamHub } from './streaming/stream-hub.ts';

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The HTTP surface, not listening yet. Closing it cuts the streams: their clients come back and go on elsewhere. */
export async function createHttpServer(dependencies: HttpDependencies): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: dependencies.logger,
    // One line a request is written below: without query strings, which may hold what people search for.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    // An empty list trusts nobody: then the headers of forwarding are those of a client that may claim anything.
    trustProxy: [...dependencies.trustedProxies],
    requestTimeout: MAX_REQUEST_MS,
    routerOptions: { maxParamLength: 200 },
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // A kept-alive connection outlives the pause between two questions, and a proxy's own time limit.
    keepAliveTimeout: 75_000,
    forceCloseConnections: true,
    // Addresses that no route can match never reach the hooks below.
    frameworkErrors: (error, request, reply) => void sendError(request, reply, error),
    clientErrorHandler: answerClientError,
  }) as unknown as FastifyInstance;
  const hub = new StreamHub(dependencies.feeds, dependencies.outage, dependencies.streamPatienceMs);
  app.addHook('preClose', () => hub[Symbol.dispose]());

  registerErrorReplies(app);
  registerSecurityHeaders(app);
  registerJsonBodies(app);
  registerNulRefusal(app);
  registerRequestIds(app);
  registerTraces(app);
  registerOpenApi(app, dependencies.version);
  registerMetrics(app, dependencies, () => hub.clientCount);
  registerDeparture(app, hub);
  registerReadScopes(app, dependencies.metrics);
  await app.register(accessPlugin, { access: dependencies.access });
  registerAdmission(app, dependencies);
  registerProbes(app, dependencies.checks);
  await registerConsole(app, dependencies.consoleFolder);
  await app.register(authRoutes, { access: dependencies.access });
  await app.register(administrationRoutes, { access: dependencies.access });
  for (const plugin of surfaces(dependencies, hub)) await app.register(plugin);
  for (const plugin of dependencies.routes) await app.register(plugin);
  return app;
}

function surfaces(dependencies: HttpDependencies, hub: StreamHub): FastifyPluginAsync[] {
  return [
    responseRoutes(dependencies, hub),
    chatRoutes(dependencies, hub),
    conversationRoutes(dependencies),
    conversationItemRoutes(dependencies),
    modelRoutes(dependencies),
    operationRoutes(dependencies, hub),
    queueRoutes(dependencies),
  ];
}

function registerRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    if (request.routeOptions.logLevel !== 'silent') {
      const traceparent = readTraceParent(request.headers.traceparent);
      reply.raw.once('close', () => {
        request.log.info({
          method: request.method,
          route: request.routeOptions.url ?? 'unmatched',
          status: reply.raw.statusCode,
          durationMs: Math.round(reply.elapsedTime),
          ...(traceparent === null ? {} : { traceparent }),
          ...traceIds(traceParentOf(request)),
        });
      });
    }
    done();
  });
}
