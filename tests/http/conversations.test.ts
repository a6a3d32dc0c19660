import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadHistory } from '../../src/answers/history.ts';
import type { AnswerInput } from '../../src/contract/answer.ts';
import type { Run, RunContext } from '../../src/runs/run.ts';
import { AnswerServer, FULL, finishAnswer } from '../support/answer-server.ts';

let server: AnswerServer;
/** What was in front of the model, by question. */
const histories = new Map<string, string[]>();
const gates = new Map<string, () => void>();

beforeAll(async () => {
  server = await AnswerServer.start(async (context: RunContext<AnswerInput>) => {
    const history = await loadHistory(server.ledger, context.run as Run);
    const { question } = context.input;
    histories.set(
      question,
      history.map((message) => `${message.role}: ${message.content}`),
    );
    await context.emit('answer.started', FULL);
    await context.emit('answer.delta', { text: `A(${question})` });
    if (question.startsWith('wait')) {
      await new Promise<void>((resolve) => {
        gates.set(question, resolve);
        context.signal.addEventListener('abort', () => resolve());
      });
      if (context.signal.aborted) return { status: 'cancelled', result: { text: `A(${question})` } };
    }
    if (question.startsWith('fail'))
      return { status: 'failed', failure: { code: 'internal_error', message: 'It broke.' } };
    return finishAnswer(context, `A(${question})`);
  });
});
afterAll(() => server[Symbol.asyncDispose]());

async function ask(conversation: string, input: string, extra: object = {}) {
  return server.client().responses.create({ model: 'budao', input, conversation, ...extra });
}

async function texts(conversation: string): Promise<string[]> {
  const page = await server.client().conversations.items.list(conversation, { order: 'asc' });
  return page.data.map((item) => {
    const message = item as unknown as { role: string; content: { text: string }[] };
    return `${message.role}: ${message.content[0]?.text}`;
  });
}

test('an answer that is deleted while a conversation is read is left out, and the rest is shown', async () => {
  const client = server.client();
  const { id } = await client.conversations.create({});
  const gone = await ask(id, 'first');
  await ask(id, 'second');
  const { data } = await client.conversations.items.list(id, { order: 'asc' });
  // As the second of two reads finds it: the item was there, its answer is not.
  await server.ledger.transaction((tx) => tx.run('DELETE FROM run WHERE id = :id', { id: gone.id }));
  expect(await texts(id)).toEqual(['user: first', 'user: second', 'assistant: A(second)']);
  const firstPage = await server.fetch(`/v1/conversations/${id}/items?order=asc&limit=2`);
  expect(await firstPage.json()).toMatchObject({ data: [{ role: 'user' }], has_more: true });
  const file = await (await server.fetch(`/v1/conversations/${id}/export?format=json`)).json();
  expect((file as { items: object[] }).items).toHaveLength(3);
  const single = await server.fetch(`/v1/conversations/${id}/items/${data[1]?.id}`);
  expect([single.status, await single.json()]).toMatchObject([404, { error: { code: 'item_not_found' } }]);
});

describe('a conversation that is begun or added to with an Idempotency-Key', () => {
  const message = (content: string) => ({ type: 'message' as const, role: 'user' as const, content });

  test('is begun once and gets its messages once, however often the request comes', async () => {
    const client = server.client();
    const options = { headers: { 'Idempotency-Key': 'begin-once' } };
    const begun = [];
    for (let time = 0; time < 3; time++)
      begun.push(await client.conversations.create({ items: [message('hello')] }, options));
    expect(new Set(begun.map(({ id }) => id)).size).toBe(1);
    const [{ id } = { id: '' }] = begun;
    const add = (content: string) =>
      client.conversations.items.create(
        id,
        { items: [message(content)] },
        { headers: { 'Idempotency-Key': 'add-once' } },
      );
    const added = await Promise.all([add('more'), add('more'), add('more')]);
    expect(new Set(added.map(({ data }) => data[0]?.id)).size).toBe(1);
    expect(await texts(id)).toEqual(['user: hello', 'user: more']);
    await expect(add('other')).rejects.toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    await expect(client.conversations.create({}, options)).rejects.toMatchObject({ status: 422 });
  });

  test('is not to be had by another person with the same key', async () => {
    const options = { headers: { 'Idempotency-Key': 'shared-key' } };
    const mine = await server.client().conversations.create({}, options);
    const theirs = await server.client('key-bob').conversations.create({}, options);
    expect(theirs.id).not.toBe(mine.id);
  });
});

describe('a conversation, with the openai package', () => {
  test('keeps questions and answers in order and gives them to the next question', async () => {
    const client = server.client();
    const { id } = await client.conversations.create({ metadata: { topic: 'leave' } });
    await ask(id, 'one');
    await ask(id, 'two');
    expect(await texts(id)).toEqual(['user: one', 'assistant: A(one)', 'user: two', 'assistant: A(two)']);
    expect(histories.get('two')).toEqual(['user: one', 'assistant: A(one)']);
    expect(await client.conversations.retrieve(id)).toMatchObject({
      title: 'one',
      metadata: { topic: 'leave' },
      active_response_id: null,
    });
  });

  test('takes items, tells single ones, pages through them, and forgets deleted ones', async () => {
    const client = server.client();
    const { id } = await client.conversations.create({
      items: [{ type: 'message', role: 'user', content: 'first' }],
    });
    const added = await client.conversations.items.create(id, {
      items: [{ type: 'message', role: 'assistant', content: 'second' }],
    });
    const itemId = (added.data[0] as { id: string }).id;
    expect(await client.conversations.items.retrieve(itemId, { conversation_id: id })).toMatchObject({
      role: 'assistant',
      content: [{ type: 'output_text', text: 'second' }],
    });
    const seen: string[] = [];
    for await (const item of client.conversations.items.list(id, { limit: 1 })) {
      seen.push((item as { content: { text: string }[] }).content[0]?.text ?? '');
    }
    expect(seen).toEqual(['second', 'first']);
    await client.conversations.items.delete(itemId, { conversation_id: id });
    expect(await texts(id)).toEqual(['user: first']);
    expect(await client.conversations.delete(id)).toMatchObject({ deleted: true });
    await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  test('belongs to whoever began it', async () => {
    const { id } = await server.client().conversations.create();
    for (const key of ['key-bob', 'key-carol']) {
      const other = server.client(key);
      await expect(other.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
      await expect(other.conversations.update(id, { metadata: {} })).rejects.toMatchObject({ status: 404 });
      await expect(other.conversations.delete(id)).rejects.toMatchObject({ status: 404 });
      await expect(other.conversations.items.list(id)).rejects.toMatchObject({ status: 404 });
      await expect(
        other.responses.create({ model: 'budao', input: 'q', conversation: id }),
      ).rejects.toMatchObject({ status: 404 });
      expect((await server.fetch(`/v1/conversations/${id}/export`, { key })).status).toBe(404);
    }
  });
});

describe('while an answer is being written', () => {
  test('the conversation shows its text so far and where to go on, and a second question waits its turn', async () => {
    const { id } = await server.client().conversations.create();
    const first = await ask(id, 'wait here', { background: true });
    const second = ask(id, 'after that');
    await expect.poll(async () => (await texts(id))[1]).toBe('assistant: A(wait here)');
    const items = (await (await server.fetch(`/v1/conversations/${id}/items?order=asc`)).json()) as {
      data: { status: string; response_id: string; sequence_number: number }[];
    };
    expect(items.data[1]).toMatchObject({ status: 'in_progress', response_id: first.id, sequence_number: 5 });
    const listed = (await (await server.fetch('/v1/conversations')).json()) as {
      data: { id: string; active_response_id: string | null }[];
    };
    expect(listed.data.find((one) => one.id === id)?.active_response_id).toBe(first.id);
    expect(histories.has('after that')).toBe(false);
    gates.get('wait here')?.();
    expect((await second).output_text).toBe('A(after that)');
    expect(histories.get('after that')).toEqual(['user: wait here', 'assistant: A(wait here)']);
  });

  test('cancelling it keeps its text, and the conversation goes on', async () => {
    const { id } = await server.client().conversations.create();
    const started = await ask(id, 'wait long', { background: true });
    await expect.poll(async () => (await texts(id))[1]).toBe('assistant: A(wait long)');
    const cancelled = await server.client().responses.cancel(started.id);
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.output_text).toBe('A(wait long)');
    const page = await server.client().conversations.items.list(id, { order: 'asc' });
    expect(page.data[1]).toMatchObject({ status: 'incomplete', error: { code: 'cancelled' } });
    expect((await ask(id, 'and now')).status).toBe('completed');
    expect(histories.get('and now')).toEqual(['user: wait long', 'assistant: A(wait long)']);
  });

  test('deleting its conversation stops it', async () => {
    const { id } = await server.client().conversations.create();
    const started = await ask(id, 'wait gone', { background: true });
    await expect.poll(() => gates.has('wait gone')).toBe(true);
    await server.client().conversations.delete(id);
    await expect
      .poll(async () => (await server.client().responses.retrieve(started.id)).status)
      .toBe('cancelled');
  });
});

test('a failed answer is shown with its reason and blocks nothing', async () => {
  const { id } = await server.client().conversations.create();
  expect((await ask(id, 'fail please')).status).toBe('failed');
  expect((await ask(id, 'next')).status).toBe('completed');
  const items = (await (await server.fetch(`/v1/conversations/${id}/items?order=asc`)).json()) as {
    data: object[];
  };
  expect(items.data[1]).toMatchObject({
    status: 'incomplete',
    error: { code: 'internal_error', message: 'It broke.' },
  });
});

test('a regenerated answer takes the place of the old one, once', async () => {
  const { id } = await server.client().conversations.create();
  const old = await ask(id, 'again');
  await ask(id, 'later');
  const again = () => server.fetch('/v1/responses', { json: { replaces_response_id: old.id } });
  const [first, second] = [await again(), await again()];
  expect([first.status, second.status].sort()).toEqual([200, 422]);
  const fresh = (await first.json()) as { id: string; conversation: { id: string } };
  expect(fresh.conversation.id).toBe(id);
  expect(await texts(id)).toEqual([
    'user: again',
    'assistant: A(again)',
    'user: later',
    'assistant: A(later)',
  ]);
  const page = await server.client().conversations.items.list(id, { order: 'asc' });
  expect(page.data[1]).toMatchObject({ response_id: fresh.id });
  expect(histories.get('again')).toEqual([]);
});

test('conversations are found by words of their title, questions and answers, and by nothing else', async () => {
  const create = async (question: string) => {
    const { id } = await server.client().conversations.create();
    await ask(id, question);
    return id;
  };
  const chinese = await create('年假有多少天？');
  const percent = await create('Is 100% "paid" leave possible?');
  const marriage = await create('结婚登记后怎么休假？');
  const find = async (query: string) => {
    const reply = await server.fetch(`/v1/conversations?query=${encodeURIComponent(query)}`);
    return ((await reply.json()) as { data: { id: string }[] }).data.map((one) => one.id);
  };
  expect(await find('年假')).toEqual([chinese]);
  expect(await find('100% "PAID"')).toEqual([percent]);
  expect(await find('A(年假')).toEqual([chinese]);
  expect(await find('　A（年假')).toEqual([chinese]);
  expect(await find('１００％')).toEqual([percent]);
  expect(await find('結婚登記後')).toEqual([marriage]);
  expect(await find('modeReason')).toEqual([]);
});

test('renaming, rating and exporting', async () => {
  const { id } = await server.client().conversations.create();
  const answer = await ask(id, 'rate me [1]');
  await server.fetch(`/v1/conversations/${id}`, { json: { title: 'Leave' } });
  const rated = await server.fetch(`/v1/responses/${answer.id}/feedback`, {
    json: { rating: 'up', comment: 'good' },
  });
  expect(await rated.json()).toMatchObject({ rating: 'up' });
  const page = await server.client().conversations.items.list(id, { order: 'asc' });
  expect(page.data[1]).toMatchObject({ feedback: 'up', mode: 'full' });
  const markdown = await (await server.fetch(`/v1/conversations/${id}/export`)).text();
  expect(markdown).toContain('# Leave');
  expect(markdown).toContain('- leave.md › Leave');
  const json = await (await server.fetch(`/v1/conversations/${id}/export?format=json`)).json();
  expect(json).toMatchObject({
    conversation: { title: 'Leave' },
    items: [{ role: 'user' }, { role: 'assistant' }],
  });
});

test('the list goes on after a conversation, newest first, without gaps', async () => {
  const client = server.client('key-carol');
  const created: string[] = [];
  for (let count = 0; count < 5; count++) created.push((await client.conversations.create()).id);
  const seen: string[] = [];
  for (let after = ''; ; ) {
    const reply = await server.fetch(`/v1/conversations?limit=2${after === '' ? '' : `&after=${after}`}`, {
      key: 'key-carol',
    });
    const page = (await reply.json()) as { data: { id: string }[]; has_more: boolean; last_id: string };
    seen.push(...page.data.map((one) => one.id));
    if (!page.has_more) break;
    after = page.last_id;
  }
  expect(seen).toEqual(created.reverse());
});

test('a rating can be changed and taken back', async () => {
  const { id } = await server.client().conversations.create();
  const answer = await ask(id, 'rate twice');
  const rate = (rating: string | null) =>
    server.fetch(`/v1/responses/${answer.id}/feedback`, { json: { rating } });
  const shown = async () => {
    const page = await server.client().conversations.items.list(id, { order: 'asc' });
    return (page.data[1] as unknown as { feedback: string | null }).feedback;
  };
  await rate('up');
  await rate('down');
  expect(await shown()).toBe('down');
  await rate(null);
  expect(await shown()).toBe(null);
});
