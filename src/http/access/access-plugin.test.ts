import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { BOOTSTRAP_KEY, openTestAccess, type TestAccess } from '../../access/testing.ts';
import type { BudaoError } from '../../contract/errors.ts';
import { accessPlugin } from './access-plugin.ts';

let it: TestAccess;
let app: FastifyInstance;
afterEach(async () => {
  await app.close();
  await it[Symbol.asyncDispose]();
});

async function start(): Promise<void> {
  it = await openTestAccess();
  app = Fastify();
  app.setErrorHandler((error: BudaoError, _request, reply) =>
    reply.code(400).send({ code: error.code ?? error.message }),
  );
  await app.register(accessPlugin, { access: it.access });
}

describe('a route', () => {
  test.each([
    ['says nothing', {}],
    ['has a config without a role', { config: {} }],
    ['names a role that there is not', { config: { role: 'admin' as 'owner' } }],
    ['claims to be public and to have a role', { config: { public: true, role: 'reader' as const } }],
    ['is not really public', { config: { public: false } }],
  ])('cannot be registered when it %s', async (_, options) => {
    await start();
    expect(() => app.get('/x', options, async () => 'x')).toThrowError(/The route GET \/x must have/);
  });

  test('in a child plugin cannot be registered without a role either', async () => {
    await start();
    const child = app.register(async (inner) => {
      inner.post('/y', async () => 'y');
    });
    await expect(child).rejects.toThrowError(/must have exactly one/);
  });

  test('that was registered before the guard stays closed', async () => {
    it = await openTestAccess();
    app = Fastify();
    app.get('/early', async () => 'open');
    await app.register(accessPlugin, { access: it.access });
    const reply = await app.inject({ url: '/early', headers: { authorization: `Bearer ${BOOTSTRAP_KEY}` } });
    expect(reply.statusCode).toBe(500);
    expect(reply.body).not.toContain('open');
  });

  test('knows who is asking, and a public one asks nobody', async () => {
    await start();
    app.get('/who', { config: { role: 'reader' } }, async (request) => request.principal);
    app.get('/public', { config: { public: true } }, async () => 'hello');
    app.get('/confused', { config: { public: true } }, async (request) => request.principal);
    const headers = { authorization: `Bearer ${BOOTSTRAP_KEY}` };
    expect((await app.inject({ url: '/who', headers })).json()).toMatchObject({ kind: 'key', role: 'owner' });
    expect((await app.inject('/who')).json()).toEqual({ code: 'missing_credentials' });
    expect((await app.inject({ method: 'HEAD', url: '/who' })).statusCode).toBe(400);
    expect((await app.inject('/public')).body).toBe('hello');
    expect((await app.inject({ url: '/confused', headers })).json()).toEqual({ code: 'no_principal' });
  });

  test('that does not exist is not found, whoever asks', async () => {
    await start();
    expect((await app.inject('/nowhere')).statusCode).toBe(404);
  });

  test('never reads the body of a stranger', async () => {
    await start();
    let parsed = false;
    app.addContentTypeParser('application/x-big', (_request, payload, done) => {
      parsed = true;
      payload.resume();
      done(null, '');
    });
    app.post('/upload', { config: { role: 'editor' } }, async () => 'stored');
    const reply = await app.inject({
      method: 'POST',
      url: '/upload',
      headers: { 'content-type': 'application/x-big' },
      payload: 'x',
    });
    expect(reply.json()).toEqual({ code: 'missing_credentials' });
    expect(parsed).toBe(false);
  });
});
