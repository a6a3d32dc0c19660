/** The routes of this folder on a server of their own, with errors as their plain codes. */
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { openTestAccess, type TestAccess } from '../../access/testing.ts';
import { BudaoError } from '../../contract/errors.ts';
import { accessPlugin } from './access-plugin.ts';
import { administrationRoutes } from './administration-routes.ts';
import { authRoutes } from './auth-routes.ts';

export interface TestServer extends AsyncDisposable, Omit<TestAccess, typeof Symbol.asyncDispose> {
  app: FastifyInstance;
  /** Sends a request as the holder of a credential; answers `{status, body}`. */
  send(
    credential: string | null,
    method: Method,
    url: string,
    payload?: object,
    headers?: Record<string, string>,
  ): Promise<TestReply>;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface TestReply {
  status: number;
  body: Record<string, unknown> & { data?: Record<string, unknown>[]; code?: string };
  cookie: string | null;
}

export async function openTestServer(): Promise<TestServer> {
  const test = await openTestAccess();
  const app = Fastify();
  app.setErrorHandler((error, _request, reply) => {
    const known = error instanceof BudaoError;
    return reply.code(known && error.kind !== 'internal' ? 400 : 500).send({
      code: known ? error.code : 'unexpected',
      message: (error as Error).message,
      param: known ? error.param : null,
    });
  });
  await app.register(accessPlugin, { access: test.access });
  await app.register(authRoutes, { access: test.access, now: test.now });
  await app.register(administrationRoutes, { access: test.access });
  return {
    ...test,
    app,
    send: async (credential, method, url, payload, headers = {}) => {
      const request: InjectOptions = {
        method,
        url,
        headers: credential === null ? headers : { authorization: `Bearer ${credential}`, ...headers },
        ...(payload === undefined ? {} : { payload }),
      };
      const reply = await app.inject(request);
      const setCookie = reply.headers['set-cookie'];
      return {
        status: reply.statusCode,
        body: reply.body === '' ? {} : reply.json(),
        cookie: typeof setCookie === 'string' ? setCookie : null,
      };
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await test[Symbol.asyncDispose]();
    },
  };
}
