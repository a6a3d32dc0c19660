import { request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../support/service.ts';
import { BAD_PLACES, BAD_QUESTIONS, type BadRequest } from './bad-requests.ts';
import { expectError } from './expect-error.ts';
import { QUESTION, type StoredBefore } from './stored-before.ts';
import { startStoredService } from './stored-service.ts';

let service: Service;
let before: StoredBefore;
let fingerprint = '';

beforeAll(async () => {
  ({ service, before, fingerprint } = await startStoredService());
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const ASK = '/v1/responses';

describe('a bad request is refused with its reason, and nothing is stored', () => {
  test.each(BAD_QUESTIONS)('$name', refuses);
  test.each(BAD_PLACES)('$name', refuses);

  async function refuses({ method, path, body, ...expected }: BadRequest): Promise<void> {
    const response = await send(method ?? (body === undefined && path !== ASK ? 'GET' : 'POST'), path, body);
    await expectError(response, expected);
    expect(await before.fingerprint()).toBe(fingerprint);
  }
});

describe('a request without a valid key', () => {
  const ask = (headers: Record<string, string>, path = '/v1/models') =>
    fetch(`${service.url}${path}`, { headers });
  const makeKey = (fields: object) =>
    service.json<{ id: string; key: string }>('POST', '/ops/keys', { name: 'k', role: 'reader', ...fields });

  test('says what is wrong with the key', async () => {
    await expectError(await ask({}), { status: 401, code: 'missing_credentials' });
    await expectError(await ask({ authorization: 'Bearer' }), { status: 401, code: 'missing_credentials' });
    await expectError(await ask({ authorization: `Basic ${btoa('a:b')}` }), {
      status: 401,
      code: 'missing_credentials',
    });
    await expectError(await ask({ authorization: 'Bearer bdk_wrong' }), {
      status: 401,
      code: 'invalid_api_key',
    });
    await expectError(await ask({ authorization: `Bearer ${service.apiKey}x` }), {
      status: 401,
      code: 'invalid_api_key',
    });
    await expectError(await ask({ authorization: `Bearer ${'k'.repeat(8_000)}` }), {
      status: 401,
      code: 'missing_credentials',
    });
    await expectError(await ask({ authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyXzEifQ.' }), {
      status: 401,
      code: 'invalid_token',
    });
  });

  test('in the query string is not accepted: it would stand in logs', async () => {
    for (const name of ['api_key', 'key', 'access_token', 'token', 'authorization']) {
      const path = `/v1/models?${name}=${service.apiKey}`;
      await expectError(await ask({}, path), { status: 401, code: 'missing_credentials' });
    }
  });

  test('is refused once the key is revoked or has expired, and a reader may not write', async () => {
    const revoked = await makeKey({});
    expect((await ask({ authorization: `Bearer ${revoked.key}` })).status).toBe(200);
    expect((await service.request('DELETE', `/ops/keys/${revoked.id}`)).ok).toBe(true);
    await expectError(await ask({ authorization: `Bearer ${revoked.key}` }), {
      status: 401,
      code: 'revoked_api_key',
    });
    const expired = await makeKey({ expires_in_days: 1 });
    setClockOfKey(expired.id);
    await expectError(await ask({ authorization: `Bearer ${expired.key}` }), {
      status: 401,
      code: 'expired_api_key',
    });
    const reader = await makeKey({});
    const refused = await fetch(`${service.url}/v1/vector_stores`, {
      method: 'POST',
      headers: { authorization: `Bearer ${reader.key}`, 'content-type': 'application/json' },
      body: '{"name":"x"}',
    });
    await expectError(refused, { status: 403, code: 'insufficient_role' });
    const elsewhere = { authorization: `Bearer ${service.apiKey}`, 'x-budao-workspace': 'ws_other' };
    await expectError(await ask(elsewhere), { status: 403, code: 'workspace_forbidden' });
  });
});

describe('what HTTP itself cannot carry', () => {
  test('is refused in the same shape: too large headers, too many, and bytes that are no HTTP', async () => {
    const huge = await rawRequest({ 'x-huge': 'x'.repeat(100_000) });
    await expectError(huge, { status: 431, code: 'headers_too_large' });
    const many = await rawRequest(
      Object.fromEntries(Array.from({ length: 2_500 }, (_, index) => [`x-${index}`, 'yyy'])),
    );
    await expectError(many, { status: 431, code: 'headers_too_large' });
    const answered = await rawBytes('ceci n’est pas une requête\r\n\r\n');
    expect(answered).toMatch(/^HTTP\/1.1 400 [\s\S]*"code":"invalid_http"/);
    const secure = await rawBytes(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xa5, 0x01]));
    expect(secure).toMatch(/http or https/);
    expect((await service.request('GET', '/v1/models')).status).toBe(200);
  });
});

const TEXTS = [
  { name: 'SQL', text: `'; DROP TABLE conversation; --` },
  { name: 'HTML', text: '<script>alert("1")</script>&amp;' },
  { name: 'a template', text: '${7*7}{{7*7}}<%= 7 %>' },
  { name: 'wildcards', text: '100% _sure_ \\ [a-z]*?' },
  { name: 'emoji and joined letters', text: '👩‍⚕️é\u0301𠮷' },
  { name: 'half a surrogate pair', text: '半\ud83d个' },
];

describe('strange text comes back as it was sent', () => {
  test.each(TEXTS)('$name in names and metadata', async ({ text: sent }) => {
    const { id } = await service.json<{ id: string }>('POST', '/v1/vector_stores', {
      name: sent,
      metadata: { note: sent },
    });
    const store = await service.json<{ name: string; metadata: { note: string } }>(
      'GET',
      `/v1/vector_stores/${id}`,
    );
    expect([store.name, store.metadata.note].map((value) => value.toWellFormed())).toEqual([
      sent.toWellFormed(),
      sent.toWellFormed(),
    ]);
    expect(await before.fingerprint()).toBe(fingerprint);
  });

  test.each(TEXTS)('$name in titles', async ({ text: sent }) => {
    const { id } = await service.json<{ id: string }>('POST', '/v1/conversations', {});
    await service.json('POST', `/v1/conversations/${id}`, { title: sent });
    const kept = { id, title: sent.toWellFormed() };
    expect(await service.json('GET', `/v1/conversations/${id}`)).toMatchObject(kept);
    const found = await service.json<{ data: object[] }>(
      'GET',
      `/v1/conversations?query=${encodeURIComponent(kept.title)}`,
    );
    expect(found.data).toEqual([expect.objectContaining(kept)]);
  });

  test.each(TEXTS)('$name in questions and searches', async ({ text: sent }) => {
    const { id: conversation } = await service.json<{ id: string }>('POST', '/v1/conversations', {});
    const question = `${QUESTION}${sent}`;
    const answer = await service.json<{ status: string }>('POST', ASK, {
      input: question,
      conversation,
      model: 'extractive',
    });
    expect(answer.status).toBe('completed');
    const items = await service.json<{ data: { content: { text: string }[] }[] }>(
      'GET',
      `/v1/conversations/${conversation}/items?order=asc`,
    );
    expect(items.data[0]?.content[0]?.text.toWellFormed()).toBe(question.toWellFormed());
    const search = `/v1/vector_stores/${before.knowledgeBaseId}/search`;
    expect((await service.request('POST', search, { query: sent })).status).toBe(200);
    expect(await before.fingerprint()).toBe(fingerprint);
  });
});

describe('what nobody sees and not every ledger could keep', () => {
  test('a NUL in a question is refused by its place', async () => {
    const response = await service.request('POST', ASK, { input: '年假\u0000规定' });
    const refused = await expectError(response, { status: 400, code: 'invalid_value', param: 'input' });
    expect(refused).toMatch(/character 3 is a NUL/);
  });

  test('other control characters go from a question, and it is answered', async () => {
    const input = `${QUESTION}\u0001\u001b[31m`;
    const asked = { input, model: 'extractive' };
    const answer = await service.json<{ id: string; status: string }>('POST', ASK, asked);
    expect(answer.status).toBe('completed');
    const items = await service.json<{ data: { content: { text: string }[] }[] }>(
      'GET',
      `${ASK}/${answer.id}/input_items`,
    );
    expect(items.data[0]?.content[0]?.text).toBe(`${QUESTION}[31m`);
  });
});

function send(method: string, path: string, body: BadRequest['body']): Promise<Response> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return fetch(`${service.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${service.apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
  });
}

/** Through node:http, as fetch refuses to send such headers. */
function rawRequest(headers: Record<string, string>): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(`${service.url}/v1/models`, { headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () =>
        resolve(new Response(Buffer.concat(pieces), { status: response.statusCode ?? 0 })),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

function rawBytes(bytes: string | Uint8Array): Promise<string> {
  const socket = connect(service.port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

/** A day passes for one key. */
function setClockOfKey(id: string): void {
  const database = new DatabaseSync(join(service.dataDir, 'ledger.db'), { timeout: 5_000 });
  database.prepare('UPDATE api_key SET expires_at = 1 WHERE id = ?').run(id);
  database.close();
}
