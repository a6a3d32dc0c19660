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
  const schemas = new SharedSchemas();
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Budao',
      version,
      description: 'Answers with citations from your own documents. Works with unmodified OpenAI clients.',
    },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: schemas.byName },
    paths,
  };
}

function describe(route: DocumentedRoute, schemas: SharedSchemas): unknown {
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
    parameters: [...pathParameters, ...queryParameters(schemas, operation.query)],
    ...(operation.body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: schemas.convert(operation.body) } } } }),
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

function queryParameters(schemas: SharedSchemas, schema: z.ZodType | undefined): unknown[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.convert(schema) as {
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

/** Named and recursive schemas stand once in the document, where its other parts refer to them. */
class SharedSchemas {
  readonly byName: Record<string, unknown> = {};
  #count = 0;

  convert(schema: z.ZodType): unknown {
    const converted = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    const { $schema: _, $defs: definitions = {}, ...rest } = converted;
    const names = new Map<string, string>();
    for (const name of Object.keys(definitions)) {
      names.set(name, name.startsWith('__') ? `Schema${++this.#count}` : name);
    }
    const relocate = (part: unknown): unknown =>
      JSON.parse(
        JSON.stringify(part).replaceAll(
          /"#\/\$defs\/([^"]+)"/g,
          (_match, name: string) => `"#/components/schemas/${names.get(name) ?? name}"`,
        ),
      );
    for (const [name, definition] of Object.entries(definitions)) {
      this.byName[names.get(name) ?? name] = relocate(definition);
    }
    return relocate(rest);
  }
}
