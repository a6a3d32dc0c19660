import type { FastifyInstance, RouteOptions } from 'fastify';
import { z } from 'zod';
import type { Operation } from './operation.ts';

interface DocumentedRoute {
  method: string;
  url: string;
  isPublic: boolean;
  operation: Operation;
}

const ERROR_CONTENT = {
  'application/json': {
    schema: {
      type: 'object',
      properties: {
        error: {
          type: 'object',
          properties: {
            message: { type: 'string' },
            type: { type: 'string' },
            param: { type: ['string', 'null'] },
            code: { type: 'string' },
          },
        },
      },
    },
  },
};

/** Serves `/openapi.json`, made from the schemas that also check the requests. Comes before the routes. */
export function registerOpenApi(app: FastifyInstance, version: string): void {
  const routes: DocumentedRoute[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(...documented(route));
  });
  let document: unknown = null;
  app.get('/openapi.json', { config: { public: true } }, () => {
    document ??= openApiDocument(routes, version);
    return document;
  });
}

function documented(route: RouteOptions): DocumentedRoute[] {
  const config = route.config as { operation?: Operation; public?: boolean } | undefined;
  const operation = config?.operation;
  if (operation === undefined) return [];
  const methods = Array.isArray(route.method) ? route.method : [route.method];
  return methods
    .filter((method) => method !== 'HEAD')
    .map((method) => ({ method, url: route.url, isPublic: config?.public === true, operation }));
}

function openApiDocument(routes: readonly DocumentedRoute[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Budao',
      version,
      description: 'Answers with citations from your own documents. Works with unmodified OpenAI clients.',
    },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    paths,
  };
}

function describe(route: DocumentedRoute): unknown {
  const { operation, url } = route;
  const pathParameters = [...url.matchAll(/:(\w+)/g)].map((match) => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    summary: operation.summary,
    tags: [operation.tag],
    security: route.isPublic ? [] : [{ bearer: [] }],
    parameters: [...pathParameters, ...queryParameters(operation.query)],
    ...(operation.body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: jsonSchema(operation.body) } } } }),
    responses: {
      '200': {
        description: 'OK',
        content: {
          'application/json': { schema: { type: 'object' } },
          ...(operation.streams === true ? { 'text/event-stream': { schema: { type: 'string' } } } : {}),
        },
      },
      default: { description: 'Error', content: ERROR_CONTENT },
    },
  };
}

function queryParameters(schema: z.ZodType | undefined): unknown[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema) as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: property,
  }));
}

function jsonSchema(schema: z.ZodType): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}
