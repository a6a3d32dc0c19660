import type { FastifyInstance, RouteOptions } from 'fastify';
import { z } from 'zod';
import { ErrorReply, ProblemReply } from '../../contract/replies/common.ts';
import { REQUEST_KEPT_MS } from '../../ledger/made-once.ts';
import { MAX_IDEMPOTENCY_KEY_CHARS } from '../limits.ts';
import type { Operation } from './operation.ts';

interface DocumentedRoute {
  method: string;
  /** As OpenAPI writes it: `/v1/files/{id}`. */
  path: string;
  /** The least role that may call it, or null where anybody may. */
  role: string | null;
  /** Only operators may, beside that. */
  isForOperators: boolean;
  operation: Operation;
}

const UploadedFile = z.string().meta({ contentMediaType: 'application/octet-stream' });

const ThisDocument = z.looseObject({
  openapi: z.literal('3.1.0'),
  info: z.looseObject({}),
  paths: z.looseObject({}),
});

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    `The same request sent again with the same key gives what the first one made, for at least ` +
    `${REQUEST_KEPT_MS / 3_600_000} hours. Another request with the key gets 422 idempotency_key_reused.`,
  schema: { type: 'string', minLength: 1, maxLength: MAX_IDEMPOTENCY_KEY_CHARS },
};

/**
 * Serves `/openapi.json`, made from the schemas that also check the requests. Comes before the routes: the program
 * does not start with one that says nothing of itself.
 */
export function registerOpenApi(app: FastifyInstance, version: string): void {
  const routes: DocumentedRoute[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(...documented(route));
  });
  let document: unknown = null;
  const operation: Operation = { summary: 'This document', answer: ThisDocument, tag: 'Operations' };
  app.get('/openapi.json', { config: { public: true, operation } }, () => {
    document ??= openApiDocument(routes, version);
    return document;
  });
}

function documented(route: RouteOptions): DocumentedRoute[] {
  const { operation, operator, page, role } = route.config ?? {};
  if (page === true) return [];
  const name = `${String(route.method)} ${route.url}`;
  if (operation === undefined) {
    throw new Error(`The route ${name} must have config.operation, which describes it in /openapi.json.`);
  }
  if (operation.answer === undefined && operation.produces === undefined && operation.status !== 204) {
    throw new Error(`The operation of ${name} must say what it answers: answer, produces, or status 204.`);
  }
  const path = route.url.replaceAll(/:(\w+)/g, '{$1}').replace('*', `{${operation.wildcard ?? 'path'}}`);
  const methods = Array.isArray(route.method) ? route.method : [route.method];
  return methods
    .filter((method) => method !== 'HEAD')
    .map((method) => ({
      method: method.toLowerCase(),
      path,
      role: role ?? null,
      isForOperators: operator === true,
      operation,
    }));
}

function openApiDocument(routes: readonly DocumentedRoute[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  const schemas = new SharedSchemas();
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method]: describe(route, schemas) };
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
  const { operation, isForOperators, path, role } = route;
  const pathParameters = [...path.matchAll(/\{(\w+)\}/g)].map((match) => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const body = bodyContent(operation, schemas);
  return {
    operationId: `${route.method}${path.replaceAll(/[^a-zA-Z0-9]+([a-zA-Z0-9])?/g, (_match, first?: string) => first?.toUpperCase() ?? '')}`,
    summary: operation.summary,
    ...(role === null
      ? {}
      : { description: isForOperators ? 'Takes an operator.' : `Takes the role ${role}, or a higher one.` }),
    tags: [operation.tag],
    security: role === null ? [] : [{ bearer: [] }],
    parameters: [
      ...pathParameters,
      ...queryParameters(schemas, operation.query),
      ...(operation.repeatable === true ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(body === null ? {} : { requestBody: { content: body } }),
    responses: {
      [operation.status ?? 200]: goodAnswer(operation, schemas),
      default: { description: 'Error', content: badAnswer(route, schemas) },
    },
  };
}

function bodyContent({ body, form }: Operation, schemas: SharedSchemas): unknown {
  if (body !== undefined) return { 'application/json': { schema: schemas.convert(body) } };
  if (form === undefined) return null;
  return { 'multipart/form-data': { schema: schemas.convert(form.extend({ file: UploadedFile })) } };
}

function goodAnswer(operation: Operation, schemas: SharedSchemas): unknown {
  if (operation.status === 204) return { description: 'Done' };
  return {
    description: operation.status === 201 ? 'Created' : 'OK',
    content: answerContent(operation, schemas),
  };
}

function answerContent({ answer, produces, streams }: Operation, schemas: SharedSchemas): object {
  return {
    ...(answer === undefined ? {} : { 'application/json': { schema: schemas.refer(answer) } }),
    ...(produces === undefined ? {} : { [produces]: { schema: { type: 'string' } } }),
    ...(streams === true ? { 'text/event-stream': { schema: { type: 'string' } } } : {}),
  };
}

function badAnswer({ path, operation }: DocumentedRoute, schemas: SharedSchemas): object {
  const error = path.startsWith('/ops/')
    ? { 'application/problem+json': { schema: schemas.refer(ProblemReply) } }
    : { 'application/json': { schema: schemas.refer(ErrorReply) } };
  return operation.failsAlike === true ? answerContent(operation, schemas) : error;
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

  /** The same; a schema with a name is named only. */
  refer(schema: z.ZodType): unknown {
    const { properties } = this.convert(z.object({ schema })) as { properties: { schema: unknown } };
    return properties.schema;
  }

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
