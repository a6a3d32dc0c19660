/** Guards around real connections: what hedging, budgets and bulkheads do to an endpoint that lies. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Behaviour, startUpstream, type Upstream } from '../../tests/support/lying-upstream.ts';
import type { GenerationRequest } from '../answers/ports.ts';
import { Dependency } from '../dependencies/dependency.ts';
import { guardEmbedder } from '../dependencies/guarded-embedder.ts';
import type { Embedder } from '../knowledge/ports.ts';
import { createFallbackGenerator, generatorDependency } from './fallback-generator.ts';
import { createOpenAiEmbedder } from './openai-embedder.ts';
import { createOpenAiGenerator } from './openai-generator.ts';

let cleanup: AsyncDisposableStack;
let upstream: Upstream;

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  upstream = cleanup.use(await startUpstream({ tokens: 3 }));
});
afterEach(() => cleanup.disposeAsync());

function embedderBehind(dependency: Dependency): Embedder {
  const embedder = createOpenAiEmbedder({
    name: 'vectors',
    baseUrl: upstream.url,
    apiKey: null,
    model: 'hash',
    batchSize: 10,
    connectTimeoutMs: 1_000,
    timeoutMs: 20_000,
    retryBudgetMs: { query: 5_000, passage: 5_000 },
    mayRetry: () => dependency.retries.take(),
  });
  return cleanup.use(guardEmbedder(embedder, dependency));
}

test('the vector of a question does not wait for a frozen connection: a second request wins, the first is called off', async () => {
  const dependency = new Dependency({ name: 'embedder', kind: 'embedder' });
  const embedder = embedderBehind(dependency);
  for (let count = 0; count < 20; count++) await embedder.embed(['问题'], { purpose: 'query' });
  upstream.setBehaviour((index): Behaviour => (index === 0 ? { hang: 'before-headers' } : {}));
  expect(await embedder.embed(['问题'], { purpose: 'query' })).toHaveLength(1);
  expect(dependency.state).toMatchObject({ hedges: 1, hedgesWon: 1, failures: 0 });
  await vi.waitUntil(() => upstream.requests.at(-2)?.abandoned === true, 30_000);
});

test('when everything fails, second tries are a share of the calls and no storm', async () => {
  const dependency = new Dependency({
    name: 'embedder',
    kind: 'embedder',
    retries: { share: 0.2, least: 2 },
    circuit: { consecutiveFailures: 1_000, failureRate: 0.99, windowCalls: 1_000 },
  });
  const embedder = embedderBehind(dependency);
  upstream.setBehaviour({ status: 500, headers: { 'retry-after-ms': '0' } });
  const asked = Array.from({ length: 40 }, () => embedder.embed(['段落'], { purpose: 'passage' }));
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  expect(upstream.requests.length).toBeLessThanOrEqual(40 + 8);
  expect(dependency.state.retriesRefused).toBeGreaterThan(0);
});

test('an endpoint that writes as much as it may sends the next answer to the next endpoint, or says that it is busy', async () => {
  upstream.setBehaviour({ hang: 'mid-stream', afterTokens: 1 });
  const other = cleanup.use(await startUpstream({ tokens: 3 }));
  const guard = ({ url }: Upstream, name: string) => {
    const generator = cleanup.use(
      createOpenAiGenerator({
        name,
        baseUrl: url,
        apiKey: null,
        model: name,
        contextTokens: 8_000,
        continuation: 'none',
        connectTimeoutMs: 1_000,
        firstTokenTimeoutMs: 10_000,
        idleTimeoutMs: 10_000,
      }),
    );
    const limits = { bulkhead: { calls: 1, queue: 0 } };
    return { generator, dependency: new Dependency(generatorDependency(generator, limits)) };
  };
  const [first, second] = [guard(upstream, 'first'), guard(other, 'second')];
  const both = createFallbackGenerator({ endpoints: [first, second] });
  const stop = new AbortController();
  const begun = Promise.withResolvers<void>();
  const held = both.generate(request(stop.signal), () => begun.resolve());
  await begun.promise;
  const names: string[] = [];
  await both.generate(
    request(),
    () => {},
    (name) => names.push(name),
  );
  expect(names).toEqual(['second']);
  const alone = createFallbackGenerator({ endpoints: [first] });
  await expect(alone.generate(request(), () => {})).rejects.toMatchObject({ code: 'upstream_busy' });
  expect(first.dependency.state).toMatchObject({ condition: 'closed', inFlight: 1, refused: 2 });
  stop.abort(new Error('read enough'));
  await expect(held).rejects.toThrow('read enough');
  expect(first.dependency.state.inFlight).toBe(0);
});

function request(signal = new AbortController().signal): GenerationRequest {
  const messages = [{ role: 'user' as const, content: '?' }];
  return { messages, prefix: '', maxOutputTokens: 100, temperature: null, topP: null, signal };
}
