import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { clientTarget, SLOW_ANSWER } from './target.ts';

const target = clientTarget();
const client = new OpenAI({ baseURL: target.baseUrl, apiKey: target.apiKey });
const QUESTION = 'Count for me, please.';
const SEEN_BEFORE_THE_KILL = 15;

describe('the openai package, unmodified, while things break', () => {
  test('a stream that it holds goes on to the exact end when the worker is killed', async () => {
    const stream = await client.responses.create({ model: 'slow', input: QUESTION, stream: true });
    const seen = { text: '', numbers: [] as number[] };
    let responseId = '';
    for await (const event of stream) {
      seen.numbers.push(event.sequence_number);
      if (event.type === 'response.created') responseId = event.response.id;
      if (event.type === 'response.output_text.delta') seen.text += event.delta;
      if (seen.numbers.length === SEEN_BEFORE_THE_KILL) await killWorkerOf(responseId);
    }
    expect(seen.text).toBe(SLOW_ANSWER);
    expect(seen.numbers).toEqual(seen.numbers.map((_, index) => index));
  });

  test('an answer in the background is left, loses its worker, and is resumed where it was left', async () => {
    const stream = await client.responses.create({
      model: 'slow',
      input: QUESTION,
      background: true,
      stream: true,
    });
    let responseId = '';
    let text = '';
    let last = -1;
    for await (const event of stream) {
      last = event.sequence_number;
      if (event.type === 'response.created') responseId = event.response.id;
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (last === SEEN_BEFORE_THE_KILL) break;
    }
    await killWorkerOf(responseId);
    const resumed = await client.responses.retrieve(responseId, { stream: true, starting_after: last });
    for await (const event of resumed) {
      expect(event.sequence_number).toBe(last + 1);
      last = event.sequence_number;
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    expect(text).toBe(SLOW_ANSWER);
    const whole = await client.responses.retrieve(responseId);
    expect(whole).toMatchObject({ status: 'completed', background: true, output_text: SLOW_ANSWER });
  });

  test('its helper resumes a finished answer too, event by event', async () => {
    const created = await client.responses.create({ model: 'citing', input: QUESTION, background: true });
    await until(async () => (await client.responses.retrieve(created.id)).status === 'completed');
    const replayed: number[] = [];
    const helper = client.responses.stream({ response_id: created.id, starting_after: 3 });
    for await (const event of helper) replayed.push(event.sequence_number);
    expect(replayed[0]).toBe(4);
    expect((await helper.finalResponse()).status).toBe('completed');
  });

  test('an answer in the background is cancelled, and keeps what was written', async () => {
    const created = await client.responses.create({ model: 'slow', input: QUESTION, background: true });
    await until(async () => (await client.responses.retrieve(created.id)).output_text.length > 20);
    expect((await client.responses.cancel(created.id)).id).toBe(created.id);
    await until(async () => (await client.responses.retrieve(created.id)).status === 'cancelled');
    const { output_text: kept } = await client.responses.retrieve(created.id);
    expect(kept.length).toBeGreaterThan(20);
    expect(SLOW_ANSWER.startsWith(kept)).toBe(true);
  });

  test('its own retries outlast the API process, and ask once', async () => {
    const conversation = await client.conversations.create();
    const [api] = (await processes()).filter(({ role }) => role === 'api');
    if (api === undefined) throw new Error('no API process');
    process.kill(api.pid, 'SIGKILL');
    const patient = new OpenAI({ baseURL: target.baseUrl, apiKey: target.apiKey, maxRetries: 8 });
    const response = await patient.responses.create(
      { model: 'citing', input: QUESTION, conversation: conversation.id },
      { idempotencyKey: `asked-once-${conversation.id}` },
    );
    expect(response.status).toBe('completed');
    const { data: items } = await patient.conversations.items.list(conversation.id);
    expect(items.filter((item) => item.type === 'message')).toHaveLength(2);
  });
});

interface Process {
  pid: number;
  role: string;
  runs: string[];
}

async function processes(): Promise<Process[]> {
  const reply = await fetch(new URL('/ops/status', target.baseUrl), {
    headers: { authorization: `Bearer ${target.apiKey}` },
  });
  return ((await reply.json()) as { processes: Process[] }).processes;
}

async function killWorkerOf(responseId: string): Promise<void> {
  const holder = (await processes()).find(({ role, runs }) => role === 'worker' && runs.includes(responseId));
  if (holder === undefined) throw new Error(`no worker holds ${responseId}`);
  process.kill(holder.pid, 'SIGKILL');
}
