import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BOOTSTRAP_KEY } from '../../access/testing.ts';
import { openTestServer, type TestReply, type TestServer } from './testing.ts';

let server: TestServer;
beforeEach(async () => {
  server = await openTestServer();
});
afterEach(async () => server[Symbol.asyncDispose]());

const signIn = () =>
  server.send(null, 'POST', '/auth/sign-in', { username: 'admin', password: server.adminPassword });
const cookieOf = (reply: TestReply): string => reply.cookie?.split(';')[0] ?? '';
const post = (url: string, headers: Record<string, string>) =>
  server.send(null, 'POST', url, undefined, headers);
const own = { 'x-budao-request': '1' };

describe('signing in', () => {
  test('answers a token, who one is and where one may work, and keeps the refresh token from scripts', async () => {
    const reply = await signIn();
    expect(reply).toMatchObject({
      status: 200,
      body: {
        expires_in: 900,
        account: { username: 'admin', display_name: 'Admin', must_change_password: true },
        workspaces: [{ id: server.workspaceId, name: '默认工作区 / Default', role: 'owner' }],
      },
    });
    expect(reply.cookie).toMatch(
      /^budao_refresh=sess_[^;]+; Max-Age=604800; Path=\/auth; HttpOnly; SameSite=Strict$/,
    );
    expect(JSON.stringify(reply.body)).not.toContain(cookieOf(reply).split('=')[1]);
    const me = await server.send(String(reply.body.access_token), 'GET', '/auth/me');
    expect(me.body).toMatchObject({
      account: { username: 'admin' },
      workspace: { id: server.workspaceId },
      role: 'owner',
    });
  });

  test('over TLS marks the cookie as secure', async () => {
    const payload = { username: 'admin', password: server.adminPassword };
    server.app.addHook('onRequest', async (request) => {
      Object.defineProperty(request, 'protocol', { value: 'https' });
    });
    const reply = await server.app.inject({ method: 'POST', url: '/auth/sign-in', payload });
    expect(reply.headers['set-cookie']).toContain('; Secure');
  });

  test.each([
    [{}, 'username', "Missing required parameter: 'username'."],
    [{ username: 'admin' }, 'password', "Missing required parameter: 'password'."],
    [{ username: 'admin', password: 'x', admin: true }, 'admin', "Unknown parameter: 'admin'."],
    [{ username: ['admin'], password: 'x' }, 'username', "Invalid value for 'username': "],
    [{ username: 'admin', password: 'x'.repeat(2_000) }, 'password', "Invalid value for 'password': "],
    [['admin', 'x'], null, 'Send the request body as a JSON object.'],
  ])('with a body like %j names the field at fault', async (payload, param, message) => {
    const reply = await server.send(null, 'POST', '/auth/sign-in', payload);
    expect(reply.body).toMatchObject({
      code: 'invalid_request',
      param,
      message: expect.stringContaining(message),
    });
  });
});

describe('refreshing', () => {
  test('gives the next token to our own pages and to clients that say what they are', async () => {
    let cookie = cookieOf(await signIn());
    for (const headers of [
      own,
      { 'sec-fetch-site': 'same-origin' },
      { origin: 'http://h:7860', host: 'h:7860' },
    ]) {
      const reply = await post('/auth/refresh', { ...headers, cookie });
      expect(reply.status).toBe(200);
      cookie = cookieOf(reply);
      server.clock.now += 60_000;
    }
  });

  test.each([
    [{}],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site', origin: 'http://h:7860', host: 'h:7860' }],
    [{ origin: 'http://evil:7860', host: 'h:7860' }],
    [{ origin: 'null', host: 'h:7860' }],
  ])('and signing out are refused from elsewhere: %j', async (headers) => {
    const cookie = cookieOf(await signIn());
    for (const url of ['/auth/refresh', '/auth/sign-out']) {
      expect((await post(url, { ...headers, cookie })).body.code).toBe('cross_site_request');
    }
    expect((await post('/auth/refresh', { ...own, cookie })).status).toBe(200);
  });

  test('with a replayed cookie ends the session and clears the cookie', async () => {
    const stolen = cookieOf(await signIn());
    const current = cookieOf(await post('/auth/refresh', { ...own, cookie: stolen }));
    server.clock.now += 11_000;
    const replay = await post('/auth/refresh', { ...own, cookie: stolen });
    expect(replay.body.code).toBe('session_ended');
    expect(cookieOf(replay)).toBe('budao_refresh=');
    expect((await post('/auth/refresh', { ...own, cookie: current })).body.code).toBe('session_ended');
  });

  test('without a cookie says to sign in', async () => {
    expect((await post('/auth/refresh', own)).body.code).toBe('session_ended');
  });
});

describe('signing out', () => {
  test('ends the session by its cookie, or by its token alone', async () => {
    const byCookie = await signIn();
    expect((await post('/auth/sign-out', { ...own, cookie: cookieOf(byCookie) })).status).toBe(204);
    const byToken = await signIn();
    const token = String(byToken.body.access_token);
    expect((await post('/auth/sign-out', { ...own, authorization: `Bearer ${token}` })).status).toBe(204);
    for (const reply of [byCookie, byToken]) {
      expect((await server.send(String(reply.body.access_token), 'GET', '/auth/me')).body.code).toBe(
        'invalid_token',
      );
      expect((await post('/auth/refresh', { ...own, cookie: cookieOf(reply) })).body.code).toBe(
        'session_ended',
      );
    }
  });
});

describe('the password', () => {
  test('is changed by its owner', async () => {
    const token = String((await signIn()).body.access_token);
    const body = { current_password: server.adminPassword, new_password: 'four unrelated words' };
    expect((await server.send(token, 'POST', '/auth/password', body)).status).toBe(204);
    expect((await server.send(token, 'GET', '/auth/me')).body).toMatchObject({
      account: { must_change_password: false },
    });
    expect((await signIn()).body.code).toBe('invalid_credentials');
  });

  test('is not changed by a key', async () => {
    const body = { current_password: server.adminPassword, new_password: 'four unrelated words' };
    expect((await server.send(BOOTSTRAP_KEY, 'POST', '/auth/password', body)).body.code).toBe(
      'session_required',
    );
  });
});

test('a key learns where it may work', async () => {
  expect((await server.send(BOOTSTRAP_KEY, 'GET', '/auth/me')).body).toMatchObject({
    account: null,
    workspaces: [{ id: server.workspaceId, role: 'owner' }],
    role: 'owner',
  });
});
