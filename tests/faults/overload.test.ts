/** More is asked than the service can do: it says so at once, keeps what it has taken on, and comes back by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startUpstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKENS = 40;
/** An answer takes long enough to fill every slot of a worker meanwhile. */
const TOKENS_PER_SECOND = 1.5;
const WAVE = 60;
/** More than one worker has slots for. */
const MOST_WAVES = 20;

test('an overloaded service refuses at once, loses nothing that it has taken on, and recovers by itself', async () => {
  await using upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: TOKENS_PER_SECOND });
  await using service = await Service.start({
    environment: { BUDAO_WORKERS: '1', BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'counting' },
  });
  const taken: Promise<string>[] = [];
  const refused: Response[] = [];
  // Nobody is kept waiting for a refusal until there is room: there is none before the refusals have come.
  let hasRoom = false;
  upstream.setBehaviour({ mayEnd: () => hasRoom });
  for (let wave = 0; wave < MOST_WAVES && refused.length < WAVE; wave++) {
    const replies = await Promise.all(Array.from({ length: WAVE }, () => ask(service)));
    for (const reply of replies) {
      if (reply.status === 200) taken.push(reply.text());
      else refused.push(reply);
    }
    await sleep(250);
  }
  hasRoom = true;
  expect(refused.length).toBeGreaterThanOrEqual(WAVE);
  for (const reply of refused) {
    expect(reply.status).toBe(503);
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await reply.json()).toMatchObject({ error: { code: 'overloaded' } });
  }
  for (const text of await Promise.all(taken)) {
    expect(text).toContain('event: response.completed');
    expect(text, 'the whole text').toMatch(/"text":"t1 t2 [^"]* t40 ?"/);
  }
  const rows = await service.json<{ data: { kind: string; status: string }[] }>(
    'GET',
    '/ops/runs?kind=answer&status=queued',
  );
  expect(rows.data, 'nothing is left of what was refused').toEqual([]);
  await until(async () => {
    const reply = await ask(service);
    const text = await reply.text();
    return reply.status === 200 && text.includes('event: response.completed');
  }, 120_000);
}, 300_000);

function ask(service: Service): Promise<Response> {
  return service.request('POST', '/v1/responses', { model: 'budao', input: '数一数', stream: true });
}
