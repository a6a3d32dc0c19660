import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BudaoError } from '../../src/contract/errors.ts';
import { NotThereYet } from '../../src/http/foundation/not-there-yet.ts';
import { LedgerBusyError, LedgerFullError } from '../../src/ledger/errors.ts';
import { AnswerServer, answerInPieces } from '../support/answer-server.ts';

describe('probes', () => {
  test('say whether questions can be asked, and with ?verbose why not', async () => {
    let isUp = true;
    await using server = await AnswerServer.start(answerInPieces, {
      checks: [
        {
          name: 'ledger',
          isRequired: true,
          check: async () => (isUp ? undefined : Promise.reject(new Error('away'))),
        },
        { name: 'model', isRequired: false, check: () => Promise.reject(new Error('HTTP 401')) },
      ],
    });
    const probe = async (path: string) => {
      const reply = await fetch(`${server.baseUrl}${path}`);
      return [reply.status, await reply.text()];
    };
    expect(await probe('/livez')).toEqual([200, 'ok\n']);
    expect(await probe('/readyz')).toEqual([200, 'ok\n']);
    expect(await probe('/readyz?verbose')).toEqual([
      200,
      '[+]ledger ok\n[-]model failed (not required): HTTP 401\nreadyz check passed\n',
    ]);
    const fromOutside = await fetch(`${server.baseUrl}/readyz?verbose`, {
      headers: { 'x-forwarded-for': '203.0.113.9' },
    });
    const said = await fromOutside.text();
    expect(said).toContain('[-]model failed (not required): the details are in this process');
    expect(said).not.toContain('401');
    isUp = false;
    expect((await probe('/readyz'))[0]).toBe(503);
    expect((await probe('/readyz'))[1]).toContain('[-]ledger failed: away');
    expect((await probe('/startupz'))[0]).toBe(200);
    expect((await probe('/livez'))[0]).toBe(200);
  });
});

test('while a process starts its probes call nothing failed that is on its way', async () => {
  let isUp = false;
  await using server = await AnswerServer.start(undefined, {
    checks: [
      { name: 'ledger', isRequired: true, check: async () => undefined },
      {
        name: 'workers',
        isRequired: true,
        check: async () => (isUp ? undefined : Promise.reject(new Error('no worker process is alive'))),
      },
    ],
  });
  for (const probe of ['readyz', 'startupz']) {
    const reply = await fetch(`${server.baseUrl}/${probe}`);
    expect([reply.status, await reply.text()]).toEqual([
      503,
      '[+]ledger ok\n[-]workers not there yet: no worker process is alive\n' +
        `initialising: 50 %, waiting for workers\n${probe} check not passed yet\n`,
    ]);
  }
  isUp = true;
  expect((await fetch(`${server.baseUrl}/readyz`)).status).toBe(200);
  isUp = false;
  const later = await fetch(`${server.baseUrl}/readyz`);
  expect(await later.text()).toContain('[-]workers failed: no worker process is alive');
});

test('a probe tells how far a start is, and a repair beside questions', async () => {
  const far = { index: 0.5 as number | null, repair: 0.25 as number | null };
  const wait = async (name: 'index' | 'repair'): Promise<undefined> => {
    const progress = far[name];
    if (progress !== null) throw new NotThereYet(`${name} is on its way`, progress);
  };
  await using server = await AnswerServer.start(undefined, {
    checks: [
      { name: 'ledger', isRequired: true, check: async () => undefined },
      { name: 'index', isRequired: true, check: () => wait('index') },
      { name: 'repair', isRequired: false, isWork: true, check: () => wait('repair') },
    ],
  });
  const startup = async (): Promise<unknown> => {
    const reply = await fetch(`${server.baseUrl}/startupz`, { headers: { accept: 'application/json' } });
    const { status, step, progress } = (await reply.json()) as Record<string, unknown>;
    return [reply.status, status, step, progress];
  };
  expect(await startup()).toEqual([503, 'initialising', 'index', 0.75]);
  far.index = null;
  expect(await startup()).toEqual([200, 'ok', 'repair', 0.25]);
  expect(await startup()).toEqual([200, 'ok', 'repair', 0.25]);
  far.repair = null;
  expect(await startup()).toEqual([200, 'ok', null, 1]);
});

describe('errors', () => {
  test('under /ops are problem+json, elsewhere they have the shape of OpenAI', async () => {
    await using server = await AnswerServer.start();
    const problem = await server.fetch('/ops/runs/run_none');
    expect(problem.status).toBe(404);
    expect(problem.headers.get('content-type')).toContain('application/problem+json');
    expect(await problem.json()).toMatchObject({
      status: 404,
      code: 'run_not_found',
      detail: expect.any(String),
    });
    const unknown = await server.fetch('/v1/nothing', { headers: { 'x-request-id': 'trace-7' } });
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get('x-request-id')).toBe('trace-7');
    expect(unknown.headers.get('cache-control')).toBe('no-store');
    expect(await unknown.json()).toMatchObject({ error: { code: 'route_not_found', param: null } });
  });

  test('of a full disk and of a busy ledger tell clients whether to try again', async () => {
    await using server = await AnswerServer.start();
    const original = server.ledger.transaction.bind(server.ledger);
    const failWith = (error: Error) =>
      Object.assign(server.ledger, { transaction: () => Promise.reject(error) });
    const ask = () => server.fetch('/v1/responses', { json: { input: 'q' } });
    failWith(new LedgerFullError());
    const full = await ask();
    expect([full.status, full.headers.get('x-should-retry')]).toEqual([507, 'false']);
    expect(await full.json()).toMatchObject({ error: { code: 'storage_full' } });
    failWith(new BudaoError('unavailable', 'ledger_read_only', 'db-7.internal:5432 takes no writes.'));
    const standby = await (await ask()).text();
    expect(standby).toContain('standby');
    expect(standby).not.toContain('db-7');
    failWith(new LedgerBusyError(5_000));
    const busy = await ask();
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '1']);
    failWith(new Error('secret detail of the inside'));
    const broken = await ask();
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('secret detail');
    Object.assign(server.ledger, { transaction: original });
    expect((await ask()).status).toBe(200);
  });
});

test.each([
  ['/auth/sign-in', 413],
  ['/auth/refresh', 413],
  ['/v1/nothing', 404],
  ['/v1/responses', 401],
])('strangers cannot fill the memory with a body for %s that drips in', async (path, status) => {
  await using server = await AnswerServer.start();
  const { hostname, port } = new URL(server.baseUrl);
  const socket = connect(Number(port), hostname);
  // The rest never comes: only an answer that waits for none arrives.
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n{`,
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(head.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test('the OpenAPI document describes the routes from the schemas that check them', async () => {
  await using server = await AnswerServer.start();
  const document = (await (await fetch(`${server.baseUrl}/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>;
  };
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      '/v1/responses',
      '/v1/responses/{id}',
      '/v1/conversations/{id}/items',
      '/ops/runs',
    ]),
  );
  const schema = document.paths['/v1/responses']?.['post']?.requestBody?.content['application/json']?.schema;
  expect(schema).toMatchObject({ properties: { input: {}, replaces_response_id: {} } });
  expect(JSON.stringify(document)).not.toContain('$defs');
});

test('metrics count requests by route, not by id', async () => {
  await using server = await AnswerServer.start();
  await server.fetch('/v1/responses/resp_x');
  const text = await (await fetch(`${server.baseUrl}/metrics`)).text();
  expect(text).toContain('budao_http_requests_total{method="GET",route="/v1/responses/:id",status="404"} 1');
  expect(text).toMatch(/# HELP budao_http_streams /);
});

describe('the console', () => {
  test('is served with a strict policy; its routes fall back to the page, the API never does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'budao-console-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>Budao</title>');
    await writeFile(join(folder, 'assets', 'index-abc123.js'), 'console.log(1)');
    await using server = await AnswerServer.start(answerInPieces, { consoleFolder: folder });
    const open = (path: string, accept = 'text/html') =>
      fetch(`${server.baseUrl}${path}`, { headers: { accept } });
    for (const path of ['/', '/knowledge/vs_1', '/c/conv_1']) {
      const page = await open(path);
      expect(await page.text()).toContain('Budao');
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(page.headers.get('cache-control')).toBe('no-cache');
    }
    const asset = await open('/assets/index-abc123.js', '*/*');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-type')).toContain('javascript');
    expect((await open('/assets/../index.html', '*/*')).status).not.toBe(500);
    expect((await open('/assets/gone.js')).headers.get('cache-control')).toBe('no-store');
    expect((await open('/assets/gone.js')).status).toBe(404);
    expect((await open('/v1/gone')).status).toBe(404);
  });
});
