import { request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Service } from '../support/service.ts';
import { expectError } from './expect-error.ts';
import { QUESTION, StoredBefore } from './stored-before.ts';

let service: Service;
let before: StoredBefore;
let fingerprint = '';

beforeAll(async () => {
  service = await Service.start();
  before = await StoredBefore.create(service);
  fingerprint = await before.fingerprint();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

interface BadRequest {
  name: string;
  method?: string;
  path: string;
  /** An object is sent as JSON, all else as it is. */
  body?: object | string | Uint8Array<ArrayBuffer>;
  status: number;
  code: string;
  param?: string | null;
}

const ASK = '/v1/responses';
const CHAT = '/v1/chat/completions';
const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth);
const nestedFilter = (depth: number): string =>
  `${'{"type":"and","filters":['.repeat(depth)}{"type":"eq","key":"a","value":1}${']}'.repeat(depth)}`;
const searchWith = (filters: string): string =>
  `{"input":"问","tools":[{"type":"file_search","vector_store_ids":[],"filters":${filters}}]}`;

const QUESTIONS: BadRequest[] = [
  {
    name: 'a question of 1 MB',
    path: ASK,
    body: { input: '问'.repeat(350_000) },
    status: 400,
    code: 'question_too_long',
    param: 'input',
  },
  {
    name: 'a question of 1 MB in chat',
    path: CHAT,
    body: { messages: [{ role: 'user', content: 'x'.repeat(1_000_000) }] },
    status: 400,
    code: 'question_too_long',
    param: 'messages',
  },
  {
    name: 'a body of 3 MB',
    path: ASK,
    body: { input: 'x'.repeat(3_000_000) },
    status: 413,
    code: 'request_too_large',
  },
  {
    name: 'an empty question',
    path: ASK,
    body: { input: '' },
    status: 400,
    code: 'question_empty',
    param: 'input',
  },
  {
    name: 'a question of blanks',
    path: ASK,
    body: { input: ' \n\u3000' },
    status: 400,
    code: 'question_empty',
    param: 'input',
  },
  {
    name: 'no question',
    path: ASK,
    body: {},
    status: 400,
    code: 'missing_required_parameter',
    param: 'input',
  },
  { name: 'no body', path: ASK, status: 400, code: 'missing_required_parameter', param: 'input' },
  {
    name: 'no user message',
    path: CHAT,
    body: { messages: [{ role: 'assistant', content: '好' }] },
    status: 400,
    code: 'question_empty',
    param: 'messages',
  },
  {
    name: 'no messages',
    path: CHAT,
    body: { messages: [] },
    status: 400,
    code: 'invalid_value',
    param: 'messages',
  },
  {
    name: 'an unknown field',
    path: ASK,
    body: { input: '问', colour: 'red' },
    status: 400,
    code: 'unknown_parameter',
    param: 'colour',
  },
  {
    name: 'an unknown field within a tool',
    path: ASK,
    body: { input: '问', tools: [{ type: 'file_search', vector_store_ids: [], colour: 1 }] },
    status: 400,
    code: 'unknown_parameter',
    param: 'tools.0.colour',
  },
  {
    name: 'a number for a question',
    path: ASK,
    body: { input: 7 },
    status: 400,
    code: 'invalid_value',
    param: 'input',
  },
  {
    name: 'a text for a number',
    path: ASK,
    body: { input: '问', temperature: 'hot' },
    status: 400,
    code: 'invalid_type',
    param: 'temperature',
  },
  {
    name: 'a number out of range',
    path: ASK,
    body: { input: '问', max_output_tokens: -1 },
    status: 400,
    code: 'invalid_value',
    param: 'max_output_tokens',
  },
  { name: 'a list for a body', path: ASK, body: [], status: 400, code: 'invalid_body' },
  { name: 'a text for a body', path: ASK, body: '"问"', status: 400, code: 'invalid_body' },
  { name: 'null for a body', path: ASK, body: 'null', status: 400, code: 'missing_required_parameter' },
  {
    name: '10,000 items',
    path: ASK,
    body: { input: Array.from({ length: 10_000 }, () => ({ role: 'user', content: '问' })) },
    status: 400,
    code: 'invalid_value',
    param: 'input',
  },
  {
    name: '10,000 messages',
    path: CHAT,
    body: { messages: Array.from({ length: 10_000 }, () => ({ role: 'user', content: '问' })) },
    status: 400,
    code: 'invalid_value',
    param: 'messages',
  },
  {
    name: '10,000 metadata pairs',
    path: ASK,
    body: {
      input: '问',
      metadata: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, 'v'])),
    },
    status: 400,
    code: 'invalid_value',
    param: 'metadata',
  },
  {
    name: 'a picture',
    path: ASK,
    body: { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] },
    status: 400,
    code: 'unsupported_content',
    param: 'input.0.content.0',
  },
  { name: 'JSON that breaks off', path: ASK, body: '{"input": "问', status: 400, code: 'invalid_json' },
  { name: 'no JSON', path: ASK, body: 'input=问', status: 400, code: 'invalid_json' },
  {
    name: 'JSON that is no UTF-8',
    path: ASK,
    body: Buffer.concat([
      Buffer.from('{"input":"'),
      Buffer.from([0xc4, 0xea, 0xbc, 0xd9]),
      Buffer.from('"}'),
    ]),
    status: 400,
    code: 'invalid_encoding',
  },
  {
    name: 'JSON nested 100,000 deep',
    path: ASK,
    body: `{"input":${nested(100_000)}}`,
    status: 400,
    code: 'invalid_json',
  },
  {
    name: 'an ignored field nested 100,000 deep',
    path: ASK,
    body: `{"input":"问","user":${nested(100_000)}}`,
    status: 400,
    code: 'invalid_json',
  },
  {
    name: 'objects nested 100,000 deep',
    path: CHAT,
    body: `{"messages":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    status: 400,
    code: 'invalid_json',
  },
  {
    name: 'a filter nested 10,000 deep',
    path: ASK,
    body: searchWith(nestedFilter(10_000)),
    status: 400,
    code: 'invalid_json',
  },
  {
    name: 'an unknown filter',
    path: ASK,
    body: searchWith('{"type":"like","key":"a","value":"%"}'),
    status: 400,
    code: 'invalid_value',
  },
  {
    name: 'an unknown conversation',
    path: ASK,
    body: { input: '问', conversation: 'conv_none' },
    status: 404,
    code: 'conversation_not_found',
  },
  {
    name: 'an unknown previous response',
    path: ASK,
    body: { input: '问', previous_response_id: 'resp_none' },
    status: 404,
    code: 'response_not_found',
    param: 'previous_response_id',
  },
  {
    name: 'an unknown knowledge base',
    path: ASK,
    body: { input: '问', tools: [{ type: 'file_search', vector_store_ids: ['vs_none'] }] },
    status: 404,
    code: 'vector_store_not_found',
    param: 'tools.0.vector_store_ids',
  },
  {
    name: 'an error before a stream',
    path: ASK,
    body: { input: '', stream: true },
    status: 400,
    code: 'question_empty',
  },
  {
    name: 'an error before a chat stream',
    path: CHAT,
    body: { messages: [{ role: 'user', content: '' }], stream: true },
    status: 400,
    code: 'question_empty',
  },
];

const PLACES: BadRequest[] = [
  { name: 'an unknown response', path: '/v1/responses/resp_none', status: 404, code: 'response_not_found' },
  { name: 'an id of the wrong kind', path: '/v1/responses/conv_x', status: 404, code: 'response_not_found' },
  {
    name: 'an id with SQL',
    path: `/v1/responses/${encodeURIComponent("' OR 1=1 --")}`,
    status: 404,
    code: 'response_not_found',
  },
  { name: 'an id with a NUL', path: '/v1/responses/resp_%00', status: 404, code: 'response_not_found' },
  {
    name: 'an id with a path',
    path: '/v1/files/..%2f..%2fledger.db/content',
    status: 404,
    code: 'document_not_found',
  },
  {
    name: 'an id of 5,000 characters',
    path: `/v1/conversations/${'a'.repeat(5_000)}`,
    status: 404,
    code: 'route_not_found',
  },
  { name: 'a broken percent sign', path: '/v1/responses/%zz', status: 400, code: 'invalid_url' },
  {
    name: 'an unknown conversation',
    path: '/v1/conversations/conv_none',
    status: 404,
    code: 'conversation_not_found',
  },
  {
    name: 'an unknown knowledge base',
    path: '/v1/vector_stores/vs_none',
    status: 404,
    code: 'knowledge_base_not_found',
  },
  { name: 'an unknown file', path: '/v1/files/file_none', status: 404, code: 'document_not_found' },
  {
    name: 'a search in an unknown knowledge base',
    path: '/v1/vector_stores/vs_none/search',
    body: { query: '问' },
    status: 404,
    code: 'knowledge_base_not_found',
  },
  { name: 'an unknown model', method: 'GET', path: '/v1/models/none', status: 404, code: 'model_not_found' },
  { name: 'an unknown route', path: '/v1/nothing', status: 404, code: 'route_not_found' },
  {
    name: 'a wrong method',
    method: 'PUT',
    path: '/v1/responses',
    body: {},
    status: 404,
    code: 'route_not_found',
  },
  {
    name: 'a negative limit',
    path: '/v1/conversations?limit=-1',
    status: 400,
    code: 'invalid_value',
    param: 'limit',
  },
  {
    name: 'a huge limit',
    path: '/v1/vector_stores?limit=100000',
    status: 400,
    code: 'invalid_value',
    param: 'limit',
  },
  {
    name: 'a limit in words',
    path: '/v1/vector_stores?limit=many',
    status: 400,
    code: 'invalid_type',
    param: 'limit',
  },
  {
    name: 'a limit of a half',
    path: '/v1/files?limit=0.5',
    status: 400,
    code: 'invalid_type',
    param: 'limit',
  },
  {
    name: 'an order that does not exist',
    path: '/v1/vector_stores?order=random',
    status: 400,
    code: 'invalid_value',
    param: 'order',
  },
  {
    name: 'a negative starting point',
    path: '/v1/responses/resp_none?stream=true&starting_after=-7',
    status: 400,
    code: 'invalid_value',
    param: 'starting_after',
  },
  {
    name: 'embeddings without an embedder',
    path: '/v1/embeddings',
    body: { input: 'x' },
    status: 400,
    code: 'embedder_not_configured',
  },
];

describe('a bad request is refused with its reason, and nothing is stored', () => {
  test.each(QUESTIONS)('$name', refuses);
  test.each(PLACES)('$name', refuses);

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
  { name: 'a NUL', text: '年假\u0000规定' },
  { name: 'control characters', text: 'a\u0001\u001b[31mb' },
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

  test.each(TEXTS)('$name in titles, except for control characters', async ({ text: sent }) => {
    const { id } = await service.json<{ id: string }>('POST', '/v1/conversations', {});
    const response = await service.request('POST', `/v1/conversations/${id}`, { title: sent });
    if (/\p{Cc}/u.test(sent)) {
      await expectError(response, { status: 400, code: 'invalid_value', param: 'title' });
      return;
    }
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
