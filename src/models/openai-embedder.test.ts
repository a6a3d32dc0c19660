import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Behaviour, startUpstream, type Upstream } from '../../tests/support/lying-upstream.ts';
import { hashEmbedding } from '../drills/model/upstream-embeddings.ts';
import { createOpenAiEmbedder, type OpenAiEmbedder, type OpenAiEmbedderOptions } from './openai-embedder.ts';

const TEXTS = ['年假十五天', 'annual leave', '值班', 'on call', '报销'];
let upstream: Upstream;
let embedder: OpenAiEmbedder;

function create(overrides: Partial<OpenAiEmbedderOptions> = {}): OpenAiEmbedder {
  return createOpenAiEmbedder({
    name: 'vectors',
    baseUrl: upstream.url,
    apiKey: null,
    model: 'hash',
    batchSize: 2,
    connectTimeoutMs: 1_000,
    timeoutMs: 20_000,
    retryBudgetMs: { query: 0, passage: 2_000 },
    ...overrides,
  });
}

beforeAll(async () => {
  upstream = await startUpstream({ embeddingDimension: 16 });
});
afterAll(() => upstream.close());
beforeEach(async () => {
  await embedder?.[Symbol.asyncDispose]();
  upstream.setBehaviour({});
  upstream.requests.length = 0;
  embedder = create();
});

function vectorsOf(texts: readonly string[]): unknown[][] {
  return texts.map((text) => hashEmbedding(text, 16).map((value) => expect.closeTo(value, 9) as unknown));
}

test('every text gets its own vector, in batches of the size that is set', async () => {
  expect(embedder.dimension).toBeNull();
  expect(await embedder.embed(TEXTS, { purpose: 'passage' })).toEqual(vectorsOf(TEXTS));
  expect(embedder.dimension).toBe(16);
  expect(upstream.requests.map(({ body }) => (body.input as string[]).length)).toEqual([2, 2, 1]);
});

test('vectors that come unsorted find their texts', async () => {
  upstream.setBehaviour({ embeddings: 'unsorted' });
  expect(await embedder.embed(TEXTS, { purpose: 'passage' })).toEqual(vectorsOf(TEXTS));
});

test('queries and passages get their prefixes, which are part of the identity', async () => {
  await using prefixed = create({ queryPrefix: 'query: ', passagePrefix: 'passage: ' });
  expect(await prefixed.embed(['x'], { purpose: 'query' })).toEqual(vectorsOf(['query: x']));
  expect(await prefixed.embed(['x'], { purpose: 'passage' })).toEqual(vectorsOf(['passage: x']));
  expect(prefixed.id).not.toBe(embedder.id);
  expect(create({ baseUrl: 'http://elsewhere/v1' }).id).toBe(embedder.id);
});

describe('a lying endpoint gives a clear error', () => {
  const cases: [name: string, behaviour: Behaviour, code: string][] = [
    ['a wrong dimension', { embeddings: 'wrong-dimension' }, 'embedder_wrong_vectors'],
    ['a missing vector', { embeddings: 'wrong-count' }, 'embedder_wrong_vectors'],
    ['something that is no number', { embeddings: 'not-a-number' }, 'embedder_wrong_vectors'],
    ['zeros', { embeddings: 'all-zero' }, 'embedder_wrong_vectors'],
    ['broken JSON', { embeddings: 'garbage' }, 'embedder_wrong_vectors'],
    ['401', { status: 401 }, 'embedder_unauthorized'],
    ['400', { status: 400 }, 'embedder_refused'],
    ['429', { status: 429 }, 'embedder_rate_limited'],
    ['500', { status: 500 }, 'embedder_failed'],
    ['no answer', { hang: 'before-headers' }, 'embedder_timeout'],
  ];
  for (const [name, behaviour, code] of cases) {
    test(`${name}: ${code}`, async () => {
      upstream.setBehaviour(behaviour);
      await using asked = create(code === 'embedder_timeout' ? { timeoutMs: 100 } : {});
      await expect(asked.embed(TEXTS, { purpose: 'query' })).rejects.toMatchObject({ code });
    });
  }

  test('nothing listens', async () => {
    const closed = await startUpstream();
    await closed.close();
    await using unreachable = create({ baseUrl: closed.url });
    await expect(unreachable.embed(['x'], { purpose: 'query' })).rejects.toMatchObject({
      code: 'embedder_unreachable',
    });
  });

  test('a dimension that changes under way is refused instead of mixed', async () => {
    await using fixed = create({ dimension: 8 });
    await expect(fixed.embed(['x'], { purpose: 'query' })).rejects.toMatchObject({
      code: 'embedder_wrong_vectors',
    });
  });
});

describe('passing trouble', () => {
  test('is waited out within the budget', async () => {
    upstream.setBehaviour((index) => (index < 2 ? { status: 429, headers: { 'retry-after-ms': '5' } } : {}));
    expect(await embedder.embed(['x'], { purpose: 'passage' })).toEqual(vectorsOf(['x']));
    expect(upstream.requests).toHaveLength(3);
  });

  test('is not answered with a hail of requests by an endpoint that says to come back at once', async () => {
    upstream.setBehaviour({ status: 429, headers: { 'retry-after': '0' } });
    await using asked = create({ retryBudgetMs: { query: 0, passage: 300 } });
    await expect(asked.embed(['x'], { purpose: 'passage' })).rejects.toMatchObject({
      code: 'embedder_rate_limited',
    });
    expect(upstream.requests.length).toBeLessThanOrEqual(2);
  });

  test('is not waited out when it would take longer than the budget', async () => {
    upstream.setBehaviour({ status: 503, headers: { 'retry-after': '60' } });
    await expect(embedder.embed(['x'], { purpose: 'passage' })).rejects.toMatchObject({
      code: 'embedder_failed',
    });
    expect(upstream.requests).toHaveLength(1);
  });
});

test('an aborted signal ends the wait with its reason', async () => {
  upstream.setBehaviour({ hang: 'before-headers' });
  const controller = new AbortController();
  const wait = embedder.embed(['x'], { purpose: 'passage', signal: controller.signal });
  controller.abort(new Error('stopped'));
  await expect(wait).rejects.toThrow('stopped');
});
