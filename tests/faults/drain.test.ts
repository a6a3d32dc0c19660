/** SIGTERM: first it is said, then streams are sent elsewhere, and nothing waits for a long answer. */
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { startUpstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKENS = 400;
const ANSWER = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');
const LEAVE_DELAY_MS = 2_000;
/** An answer takes longer than that, and much longer than leaving may take on a crowded machine. */
const TOKENS_PER_SECOND = 8;
const MAX_LEAVE_MS = 20_000;

test('a node that is stopped says so, sends streams elsewhere by name, and hands its answers over', async () => {
  await using upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: TOKENS_PER_SECOND });
  await using service = await Service.start({
    environment: {
      BUDAO_MODEL_BASE_URL: upstream.url,
      BUDAO_MODEL_NAME: 'numbers',
      BUDAO_LEAVE_DELAY_MS: String(LEAVE_DELAY_MS),
      BUDAO_WORKERS: '1',
    },
  });
  const client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: service.apiKey, maxRetries: 0 });
  const seen = { id: '', text: '', last: -1 };
  const take = async (events: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>): Promise<void> => {
    for await (const event of events) {
      expect(event.sequence_number).toBe(seen.last + 1);
      seen.last = event.sequence_number;
      if (event.type === 'response.created') seen.id = event.response.id;
      if (event.type === 'response.output_text.delta') seen.text += event.delta;
    }
  };
  const stream = take(await client.responses.create({ input: 'count', stream: true })).catch(
    (error: unknown) => error,
  );
  const chat = drain(
    await client.chat.completions.create({
      model: 'budao',
      messages: [{ role: 'user', content: 'count' }],
      stream: true,
    }),
  );
  const whole = client.responses.create({ input: 'count' }).catch((error: unknown) => error);
  await until(() => seen.text.length > 20);

  const startedMs = performance.now();
  const exit = service.stop();
  let said = '';
  await until(async () => {
    const ready = await fetch(`${service.url}/readyz?verbose`);
    said = await ready.text();
    return ready.status === 503;
  });
  expect(said).toContain('leaving');
  // Balancers look now and then: until they have, requests are served as before.
  const served = await service.request('GET', '/v1/models');
  expect([served.status, served.headers.get('connection')]).toEqual([200, 'close']);

  expect(await stream).toMatchObject({
    code: 'server_leaving',
    error: { sequence_number: seen.last, response_id: seen.id },
  });
  expect(await chat).toMatchObject({ code: 'server_leaving' });
  expect(await whole).toMatchObject({ status: 503, code: 'server_leaving' });
  expect(await exit).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(MAX_LEAVE_MS);

  await service.start();
  await client.responses.cancel(seen.id);
  await take(await client.responses.retrieve(seen.id, { stream: true, starting_after: seen.last }));
  expect(ANSWER.startsWith(seen.text)).toBe(true);
});

/** What broke a stream off, or null. */
async function drain(events: AsyncIterable<unknown>): Promise<unknown> {
  try {
    for await (const _ of events);
    return null;
  } catch (error) {
    return error;
  }
}
