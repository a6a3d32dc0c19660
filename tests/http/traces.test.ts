import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { formOf, settled, type VectorStoreFile } from '../bad-input/stored-before.ts';
import { type RecordedRequest, startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';

let upstream: Upstream;
let service: Service;
let knowledgeBaseId = '';

beforeAll(async () => {
  upstream = await startUpstream({ tokens: 5 });
  service = await Service.start({
    environment: {
      BUDAO_MODEL_BASE_URL: upstream.url,
      BUDAO_MODEL_NAME: 'traced',
      BUDAO_EMBEDDING_BASE_URL: upstream.url,
      BUDAO_EMBEDDING_NAME: 'hash',
    },
  });
  const base = await service.json<{ id: string }>('POST', '/v1/vector_stores', {
    name: '制度',
    is_default: true,
  });
  knowledgeBaseId = base.id;
  await add('# 年假\n\n职工每年享有 15 天年假。\n', {});
}, 60_000);
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  upstream.requests.length = 0;
});

interface Trace {
  id: string;
  span: string;
  headers: { traceparent: string };
}

function newTrace(): Trace {
  const [id, span] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { id, span, headers: { traceparent: `00-${id}-${span}-01` } };
}

async function ask(input: string, headers: Record<string, string>): Promise<void> {
  const response = await service.request('POST', '/v1/responses', { input }, headers);
  expect(await response.json()).toMatchObject({ status: 'completed' });
}

async function add(content: string, headers: Record<string, string>): Promise<void> {
  const path = `/v1/vector_stores/${knowledgeBaseId}/documents`;
  const response = await service.request('POST', path, formOf('a.md', content), headers);
  const { id } = (await response.json()) as VectorStoreFile;
  expect((await settled(service, knowledgeBaseId, id)).status).toBe('completed');
}

/** What the model and the embedder were asked about something, by what it says. */
function callsAbout(words: string): RecordedRequest[] {
  return upstream.requests.filter(({ body }) => JSON.stringify(body).includes(words));
}

function expectWithin({ id, span }: Trace, calls: readonly RecordedRequest[]): void {
  const spans = calls.map(({ headers }) => {
    expect(headers.traceparent).toMatch(new RegExp(`^00-${id}-[0-9a-f]{16}-01$`));
    return String(headers.traceparent).slice(36, 52);
  });
  expect(new Set([span, ...spans]).size).toBe(calls.length + 1);
}

test('a question takes its trace to the embedder and the model, under spans of their own', async () => {
  const trace = newTrace();
  await ask('alpha 年假有几天？', trace.headers);
  const calls = callsAbout('alpha');
  expect(new Set(calls.map(({ path }) => path))).toEqual(new Set(['/v1/embeddings', '/v1/chat/completions']));
  expectWithin(trace, calls);
});

test('questions at once keep their traces apart, and one without has none', async () => {
  const words = ['bravo', 'charlie', 'delta', 'echo'];
  const traces = words.map(newTrace);
  await Promise.all([
    ...words.map((word, index) => ask(`${word} 年假有几天？`, traces[index]!.headers)),
    ask('foxtrot 年假有几天？', {}),
    ask('golf 年假有几天？', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }),
  ]);
  for (const [index, word] of words.entries()) {
    expect(callsAbout(word).length).toBeGreaterThan(1);
    expectWithin(traces[index]!, callsAbout(word));
  }
  for (const word of ['foxtrot', 'golf']) {
    expect(callsAbout(word).length).toBeGreaterThan(1);
    for (const { headers } of callsAbout(word)) expect(headers).not.toHaveProperty('traceparent');
  }
});

test('searches, embeddings and documents that are added take theirs to the embedder', async () => {
  const [search, embed, document] = [newTrace(), newTrace(), newTrace()];
  const path = `/v1/vector_stores/${knowledgeBaseId}/search`;
  expect((await service.request('POST', path, { query: 'hotel 年假' }, search.headers)).status).toBe(200);
  const embedded = await service.request('POST', '/v1/embeddings', { input: 'india' }, embed.headers);
  expect(embedded.status).toBe(200);
  await add('# juliett\n\n夜班每班 12 小时。\n', document.headers);
  for (const [word, trace] of [
    ['hotel', search],
    ['india', embed],
    ['juliett', document],
  ] as const) {
    expect(callsAbout(word).length).toBeGreaterThan(0);
    expectWithin(trace, callsAbout(word));
  }
});
