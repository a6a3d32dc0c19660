import { access } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import { CONSOLE_CSP } from './security-headers.ts';

/** Paths of programs, which want JSON for what does not exist; everything else is a page of the console. */
const API_PREFIXES = ['/v1', '/ops', '/auth', '/mcp', '/assets', '/metrics', '/openapi.json'];
const ONE_YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** Serves the built console from `folder`, or a 404 in JSON where there is none. */
export async function registerConsole(app: FastifyInstance, folder: string | null): Promise<void> {
  const hasConsole = folder !== null && (await isBuilt(folder));
  if (hasConsole) {
    await app.register(fastifyStatic, { root: folder, serve: false, cacheControl: false });
    const open = { config: { public: true, page: true }, logLevel: 'silent' } as const;
    // File names under assets/ carry a hash of their content.
    app.get<{ Params: { '*': string } }>('/assets/*', open, (request, reply) =>
      reply
        .header('cache-control', `public, max-age=${ONE_YEAR_MS / 1000}, immutable`)
        .sendFile(`assets/${request.params['*']}`),
    );
    app.get('/', open, (_request, reply) => sendPage(reply));
    app.get('/favicon.svg', open, (_request, reply) =>
      reply.header('cache-control', 'no-cache').sendFile('favicon.svg'),
    );
  }
  // Before the body is read: strangers end up here too, and nobody wants what they send.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.is404 && !(hasConsole && wantsPage(request))) done(routeNotFound(request));
    else done();
  });
  app.setNotFoundHandler((request, reply) => {
    if (hasConsole && wantsPage(request)) return sendPage(reply);
    throw routeNotFound(request);
  });
}

function routeNotFound(request: FastifyRequest): BudaoError {
  return new BudaoError(
    'not_found',
    'route_not_found',
    `There is no ${request.method} ${pathOf(request)}. The API is described at /openapi.json.`,
  );
}

function wantsPage(request: FastifyRequest): boolean {
  const path = pathOf(request);
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  if (API_PREFIXES.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) return false;
  return request.headers.accept?.includes('text/html') === true;
}

function sendPage(reply: FastifyReply): FastifyReply {
  return reply
    .header('content-security-policy', CONSOLE_CSP)
    .header('cache-control', 'no-cache')
    .sendFile('index.html');
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? request.url;
}

async function isBuilt(folder: string): Promise<boolean> {
  try {
    await access(join(folder, 'index.html'));
    return true;
  } catch {
    return false;
  }
}
