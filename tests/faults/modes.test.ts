/** Every mode is entered by breaking the real thing, and left by mending it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Behaviour } from '../support/lying-upstream.ts';
import { ModesStage } from '../support/modes-stage.ts';
import { askAndFollow } from '../support/response-reader.ts';
import { until } from '../support/until.ts';

const LESSER = ['fallback-model', 'keyword-only', 'no-knowledge', 'extractive'];
let stage: ModesStage;

beforeAll(async () => {
  stage = await ModesStage.start();
}, 120_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

const without = (mode: string): string[] => LESSER.filter((one) => one !== mode);

async function breakModels(behaviour: Behaviour | 'killed'): Promise<void> {
  for (const endpoint of [stage.first, stage.second]) {
    if (behaviour === 'killed') await endpoint.kill();
    else endpoint.running.setBehaviour(behaviour);
  }
}

async function healModels(): Promise<void> {
  for (const endpoint of [stage.first, stage.second]) await endpoint.heal();
}

test('all is well: full', async () => {
  expect(await stage.mode()).toBe('full');
  const { mode } = await stage.service.json<{ mode: string }>('GET', '/ops/modes');
  expect(mode).toBe('full');
});

test('the preferred endpoint is killed: fallback-model, until it is back', async () => {
  await stage.first.kill();
  expect((await stage.ask()).budao).toMatchObject({
    mode: 'fallback-model',
    mode_reason_code: 'preferred_model_away',
    endpoint: 'second',
  });
  await stage.first.heal();
  await stage.untilMode('full');
});

describe.each<[string, Behaviour | 'killed']>([
  ['are killed', 'killed'],
  ['answer 500', { status: 500 }],
  ['freeze', { hang: 'before-headers' }],
  ['refuse the key', { status: 401 }],
  ['take too long to begin', { firstTokenDelayMs: 5_000 }],
])('all endpoints %s', (_name, behaviour) => {
  test('extractive, until they are well; and where that is not allowed the answer comes later', async () => {
    await breakModels(behaviour);
    const extract = await stage.ask();
    expect(extract.budao.mode).toBe('extractive');
    expect(extract.output_text).toContain('10天');

    await stage.allow(without('extractive'));
    const kept = await stage.ask();
    expect([kept.status, kept.budao.mode]).toEqual(['queued', 'deferred']);
    expect(kept.budao.mode_reason_code).toMatch(/^model_/);
    await healModels();
    await until(async () => (await stage.response(kept.id)).status === 'completed');
    expect((await stage.response(kept.id)).budao.mode).toMatch(/^(full|fallback-model)$/);
    await stage.allow(null);
    await stage.untilMode('full');
  });
});

test('the embedder is killed: keyword-only, until it is back', async () => {
  await stage.embedder.kill();
  expect((await stage.ask()).budao).toMatchObject({
    mode: 'keyword-only',
    mode_reason_code: 'embedder_away',
  });
  await stage.embedder.heal();
  await stage.untilMode('full');
});

describe('the folder of the index is moved away', () => {
  test('no-knowledge, until it is back', async () => {
    const back = await stage.moveAway('index');
    expect((await stage.ask()).budao).toMatchObject({ mode: 'no-knowledge', mode_reason_code: 'index_away' });
    await back();
    await stage.untilMode('full');
  });

  test('a workspace that answers from its documents only keeps the question', async () => {
    await stage.allow(without('no-knowledge'));
    const back = await stage.moveAway('index');
    const kept = await stage.ask();
    expect(kept.budao).toMatchObject({ mode: 'deferred', mode_reason_code: 'index_away' });
    await back();
    await until(async () => (await stage.response(kept.id)).status === 'completed');
    expect((await stage.response(kept.id)).output_text).toContain('[1]');
    await expect(
      stage.ask('年假？', { tools: [{ type: 'file_search', vector_store_ids: [] }] }),
    ).resolves.toMatchObject({
      status: 'failed',
      budao: { failure_code: 'mode_not_allowed' },
    });
    await stage.allow(null);
    await stage.untilMode('full');
  });
});

test('nothing is left to answer with: the stream says so, stays, and brings the answer when it can be given', async () => {
  const back = await stage.moveAway('index');
  await breakModels('killed');
  let wasKept = false;
  const answer = askAndFollow(
    stage.service,
    { model: 'budao', input: '年假有几天？' },
    { idempotencyKey: 'kept', deadlineMs: 60_000 },
  );
  await until(async () => {
    const { data } = await stage.service.json<{ data: Kept[] }>('GET', '/ops/runs?kind=answer&status=queued');
    wasKept = data.some((run) => run.deferral !== null);
    return wasKept;
  });
  const chat = await stage.service.request('POST', '/v1/chat/completions', {
    model: 'budao',
    messages: [{ role: 'user', content: '年假有几天？' }],
  });
  expect(chat.status).toBe(503);
  expect(Number(chat.headers.get('retry-after'))).toBeGreaterThan(1);
  expect(await chat.text()).toContain('answering_unavailable');
  // Breakers open after some failures; from then on readiness knows without asking.
  const others: string[] = [];
  await until(async () => {
    others.push((await stage.ask(`第${others.length}问：年假有几天？`)).id);
    return (await (await stage.service.request('GET', '/readyz?verbose')).text()).includes('deferred');
  });
  await back();
  await healModels();
  expect(await answer).toMatchObject({ status: 'completed', duplicates: 0, gaps: 0 });
  for (const id of others) await until(async () => (await stage.response(id)).status === 'completed');
  await stage.untilMode('full');
}, 90_000);

interface Kept {
  deferral: { code: string } | null;
}

test('a breaker that is opened by hand holds in every worker, and lets go in every worker', async () => {
  await stage.force('model:first', 'open', 'maintenance');
  // Each worker says for itself what it sees, every second or so.
  await until(async () => (await forcedIn()).join() === 'open,open', 10_000);
  const asked = stage.first.running.requests.length;
  // The second one's own breaker may still rest from the outages above, and then lets in one at a time.
  const endpoints = new Set<string | null>();
  await until(
    async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => stage.ask()));
      endpoints.clear();
      for (const { budao } of answers) endpoints.add(budao.endpoint);
      return endpoints.size === 1 && endpoints.has('second');
    },
    10_000,
    () => `answered by ${[...endpoints].join(', ')}`,
  );
  expect(stage.first.running.requests.length).toBe(asked);
  await stage.force('model:first', 'auto');
  await stage.untilMode('full');
  const { data } = await stage.service.json<{ data: object[] }>(
    'GET',
    '/ops/dependencies/changes?name=model:first',
  );
  expect(data).toMatchObject([{ forced: 'auto' }, { forced: 'open', note: 'maintenance' }]);
});

async function forcedIn(): Promise<string[]> {
  const { data } = await stage.service.json<{ data: Listed[] }>('GET', '/ops/dependencies');
  const workers = (data.find(({ name }) => name === 'model:first')?.processes ?? []).filter(
    ({ role }) => role === 'worker',
  );
  return workers.map(({ forced }) => forced);
}

interface Listed {
  name: string;
  processes: { role: string; forced: string }[];
}

test('the blob store is gone: uploads are refused and documents wait, until it is back', async () => {
  const { id } = await stage.service.json<{ id: string }>('POST', '/v1/vector_stores', { name: '后来' });
  const back = await stage.moveAway('blobs');
  const form = new FormData();
  form.append('file', new Blob(['# 一\n\n二。\n']), 'later.md');
  const refused = await stage.service.request('POST', `/v1/vector_stores/${id}/documents`, form);
  expect([refused.status, ((await refused.json()) as Failure).error.code]).toEqual([
    503,
    'storage_unavailable',
  ]);
  await back();
  await until(() =>
    stage.upload(id, '# 报销\n\n报销须在三十天内提交。\n').then(
      () => true,
      () => false,
    ),
  );
});

interface Failure {
  error: { code: string };
}
