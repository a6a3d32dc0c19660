import Fastify from 'fastify';
import { beforeAll, describe, expect, test } from 'vitest';
import { qualityRoutes } from '../../src/http/evaluation/routes.ts';
import { registerOpenApi } from '../../src/http/foundation/openapi.ts';
import { knowledgeRoutes } from '../../src/http/knowledge/knowledge-routes.ts';
import { alertChannelRoutes } from '../../src/http/operations/alert-channel-routes.ts';
import { alertRoutes } from '../../src/http/operations/alert-routes.ts';
import { backupRoutes } from '../../src/http/operations/backup-routes.ts';
import { dependencyRoutes } from '../../src/http/operations/dependency-routes.ts';
import { signalRoutes } from '../../src/http/operations/signal-routes.ts';
import { ROUTES } from '../access/route-table.ts';
import { AnswerServer } from '../support/answer-server.ts';

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: object;
}
interface Described {
  operationId: string;
  summary: string;
  tags: string[];
  security: object[];
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
  paths: Record<string, Record<string, Described>>;
}

let document: Document;
let operations: { name: string; path: string; described: Described }[];

beforeAll(async () => {
  await using server = await AnswerServer.start(undefined, {
    routes: [
      knowledgeRoutes({} as never),
      dependencyRoutes({} as never),
      signalRoutes({} as never),
      alertRoutes({} as never),
      alertChannelRoutes({} as never),
      backupRoutes({} as never),
      qualityRoutes({} as never),
    ],
  });
  document = (await (await fetch(`${server.baseUrl}/openapi.json`)).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      described,
    })),
  );
});

/** Names of parameters do not matter, nor that Fastify writes the rest of an address as a star. */
const anonymous = (route: string): string => route.replaceAll(/:\w+|\{\w+\}|\*/g, '{}');

describe('the OpenAPI document', () => {
  test('describes every route of the program, and says who may call it', () => {
    expect(operations.map(({ name }) => anonymous(name)).sort()).toEqual(
      ROUTES.map(({ route }) => anonymous(route)).sort(),
    );
    const open = operations.filter(({ described }) => described.security.length === 0);
    expect(open.map(({ name }) => anonymous(name)).sort()).toEqual(
      ROUTES.filter(({ role }) => role === 'public')
        .map(({ route }) => anonymous(route))
        .sort(),
    );
  });

  test('is whole: ids are unique, parameters match their paths, answers and references are there', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const ids = operations.map(({ described }) => described.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, path, described } of operations) {
      expect(described.operationId, name).toMatch(/^[a-z][a-zA-Z0-9]+$/);
      expect(described.summary, name).toMatch(/\w{3}/);
      expect(described.tags, name).toEqual([expect.stringMatching(/\w{3}/)]);
      const inPath = described.parameters.filter((parameter) => parameter.in === 'path');
      expect(
        inPath.map((parameter) => parameter.name),
        name,
      ).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter));
      for (const parameter of described.parameters) {
        expect(parameter, name).toMatchObject({ required: expect.any(Boolean), schema: expect.any(Object) });
        if (parameter.in === 'path') expect(parameter.required, name).toBe(true);
      }
      expect(Object.keys(described.responses), name).toEqual([expect.stringMatching(/^20\d$/), 'default']);
      for (const [status, response] of Object.entries(described.responses)) {
        expect(response.description, name).toMatch(/\w/);
        expect(response.content === undefined, `${name} ${status}`).toBe(status === '204');
      }
      const schemes = described.security.flatMap((one) => Object.keys(one));
      for (const scheme of schemes) expect(document.components.securitySchemes).toHaveProperty(scheme);
    }
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(
      ([, target]) => target,
    );
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      expect(document.components.schemas).toHaveProperty([
        reference?.replace('#/components/schemas/', '') ?? '',
      ]);
    }
  });

  test('says what bodies hold: JSON by its schema, uploads as forms with a file', () => {
    const schemaOf = (path: string, type: string): object => {
      const schema = document.paths[path]?.['post']?.requestBody?.content[type]?.schema as { $ref?: string };
      const name = schema.$ref?.replace('#/components/schemas/', '');
      return name === undefined ? schema : (document.components.schemas[name] ?? {});
    };
    for (const path of ['/v1/files', '/v1/vector_stores/{id}/documents']) {
      expect(schemaOf(path, 'multipart/form-data')).toMatchObject({
        properties: { file: { type: 'string' }, purpose: {} },
        required: expect.arrayContaining(['file']),
      });
    }
    expect(schemaOf('/auth/sign-in', 'application/json')).toMatchObject({
      required: ['username', 'password'],
    });
    expect(schemaOf('/ops/keys', 'application/json')).toMatchObject({
      properties: { role: { enum: ['reader', 'editor', 'owner'] } },
    });
    const withoutBody = operations.filter(({ name, described }) => {
      const takesBody = ROUTES.some(
        ({ route, body }) => anonymous(route) === anonymous(name) && body !== undefined,
      );
      return takesBody && described.requestBody === undefined;
    });
    expect(withoutBody.map(({ name }) => name)).toEqual([]);
  });
});

test('the program does not start with a route that describes nothing', () => {
  const app = Fastify();
  registerOpenApi(app, '0.0.0');
  expect(() => app.get('/v1/secret', { config: { role: 'reader' } }, () => 'x')).toThrow(
    /GET \/v1\/secret must have config\.operation/,
  );
});
