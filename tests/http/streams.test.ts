import { get as httpGet, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import type { AnswerInput } from '../../src/contract/answer.ts';
import type { RunContext } from '../../src/runs/run.ts';
import { AnswerServer, FULL, finishAnswer } from '../support/answer-server.ts';

/** A worker that says one piece whenever the test lets it. */
class Paced {
  readonly #repeat: number;
  readonly #release: (() => void)[] = [];
  #permits = 0;

  constructor(repeat = 1) {
    this.#repeat = repeat;
  }

  script = async (context: RunContext<AnswerInput>) => {
    await context.emit('answer.started', FULL);
    let text = '';
    for (const piece of context.input.question.split(' ')) {
      await this.#permit();
      const said = `${piece} `.repeat(this.#repeat);
      await context.emit('answer.delta', { text: said });
      text += said;
    }
    return finishAnswer(context, text);
  };

  next(count = 1): void {
    for (let done = 0; done < count; done++) {
      const release = this.#release.shift();
      if (release === undefined) this.#permits += 1;
      else release();
    }
  }

  async #permit(): Promise<void> {
    if (this.#permits > 0) this.#permits -= 1;
    else await new Promise<void>((resolve) => this.#release.push(resolve));
  }
}

test('a client that leaves cancels nothing, and comes back to the rest without a gap or a repetition', async () => {
  const paced = new Paced();
  await using server = await AnswerServer.start(paced.script);
  const stream = await server.client().responses.create({ model: 'budao', input: 'a b c d', stream: true });
  let id = '';
  let last = -1;
  let text = '';
  paced.next();
  for await (const event of stream) {
    if (event.type === 'response.created') id = event.response.id;
    last = event.sequence_number;
    if (event.type === 'response.output_text.delta') {
      text += event.delta;
      if (text === 'a ') paced.next();
      if (text === 'a b ') break;
    }
  }
  paced.next(2);
  const resumed = await server.client().responses.retrieve(id, { stream: true, starting_after: last });
  const numbers: number[] = [];
  for await (const event of resumed) {
    numbers.push(event.sequence_number);
    if (event.type === 'response.output_text.delta') text += event.delta;
  }
  expect(text).toBe('a b c d ');
  expect(numbers).toEqual(numbers.map((_, index) => last + 1 + index));
});

test('readers who come at different times all see the same events', async () => {
  const paced = new Paced();
  await using server = await AnswerServer.start(paced.script);
  const { id } = await server.client().responses.create({ model: 'budao', input: 'a b c', background: true });
  const read = async () => (await server.fetch(`/v1/responses/${id}?stream=true`)).text();
  const early = read();
  paced.next(2);
  const middle = read();
  paced.next();
  const [one, two] = await Promise.all([early, middle]);
  const late = await read();
  expect(two).toBe(one);
  expect(late).toBe(one);
  expect(late.endsWith('data: [DONE]\n\n')).toBe(true);
});

test('a long answer is not kept in memory for those who have it, and latecomers still get all of it', async () => {
  const paced = new Paced(40_000);
  await using server = await AnswerServer.start(paced.script);
  const question = 'a b c d e f g h i j k l';
  const { id } = await server
    .client()
    .responses.create({ model: 'budao', input: question, background: true });
  const read = async () => (await server.fetch(`/v1/responses/${id}?stream=true`)).text();
  const early = read();
  paced.next(10);
  const shown = async () => (await server.client().responses.retrieve(id)).output_text.length;
  await expect.poll(shown).toBe(10 * 80_000);
  const late = read();
  paced.next(2);
  expect(await late).toBe(await early);
});

test('the stream says what proxies and readers need to know', async () => {
  await using server = await AnswerServer.start(new Paced().script);
  const controller = new AbortController();
  const reply = await server.fetch('/v1/responses', {
    json: { input: 'a', stream: true },
    signal: controller.signal,
  });
  expect(Object.fromEntries(reply.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.any(String),
  });
  controller.abort();
});

test('a shutdown cuts the connection, so that no client takes half an answer for a whole one', async () => {
  const paced = new Paced();
  const server = await AnswerServer.start(paced.script);
  const stream = await server.client().responses.create({ model: 'budao', input: 'a b', stream: true });
  paced.next();
  const read = async () => {
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') void server.app.close();
    }
  };
  await expect(read()).rejects.toThrow(/terminated|closed/);
  paced.next();
  await server[Symbol.asyncDispose]();
});

test('a reader who takes nothing is cut once too much waits for it, and the answer goes on', async () => {
  const piece = '長'.repeat(100_000);
  await using server = await AnswerServer.start(async (context) => {
    for (let count = 0; count < 70; count++) await context.emit('answer.delta', { text: piece });
    return finishAnswer(context, piece.repeat(70));
  });
  const { id } = await server.client().responses.create({ model: 'budao', input: 'much', background: true });
  const stalled = await openStalled(`${server.baseUrl}/v1/responses/${id}?stream=true`);
  const closed = new Promise((resolve) => stalled.socket.once('close', resolve));
  await expect
    .poll(async () => (await server.client().responses.retrieve(id)).status, {
      timeout: 20_000,
      interval: 500,
    })
    .toBe('completed');
  stalled.resume();
  stalled.on('error', () => {});
  await closed;
  expect(stalled.complete).toBe(false);
}, 40_000);

function openStalled(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpGet(url, { headers: { authorization: 'Bearer key-alice' } }, (reply) => {
      reply.pause();
      resolve(reply);
    }).on('error', reject);
  });
}

test('a reader of a whole answer who leaves early cancels nothing', async () => {
  const paced = new Paced();
  await using server = await AnswerServer.start(paced.script);
  const controller = new AbortController();
  const asked = server.fetch('/v1/responses', { json: { input: 'a b' }, signal: controller.signal });
  const runs = () => server.ledger.read.all<{ id: string; status: string }>('SELECT id, status FROM run');
  await expect.poll(async () => (await runs())[0]?.status).toBe('running');
  controller.abort();
  await expect(asked).rejects.toThrow('aborted');
  paced.next(2);
  await expect.poll(async () => (await runs())[0]?.status).toBe('completed');
});

test('a ledger that is away for a moment breaks no stream', async () => {
  const paced = new Paced();
  await using server = await AnswerServer.start(paced.script);
  const stream = await server.client().responses.create({ model: 'budao', input: 'a b', stream: true });
  const read = server.ledger.read as { get: unknown; all: unknown };
  const original = { get: read.get, all: read.all };
  let text = '';
  paced.next();
  for await (const event of stream) {
    if (event.type !== 'response.output_text.delta') continue;
    text += event.delta;
    if (text !== 'a ') continue;
    const away = () => Promise.reject(new Error('connection refused'));
    Object.assign(read, { get: away, all: away });
    paced.next();
    setTimeout(() => Object.assign(read, original), 900);
  }
  expect(text).toBe('a b ');
});
