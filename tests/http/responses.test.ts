import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnswerServer } from '../support/answer-server.ts';

let server: AnswerServer;
beforeAll(async () => {
  server = await AnswerServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('the openai package, unmodified', () => {
  test('gets a whole answer with its citation', async () => {
    const response = await server.client().responses.create({ model: 'budao', input: 'leave?' });
    expect(response.status).toBe('completed');
    expect(response.output_text).toBe('You asked: leave?. 15 days [1].');
    const message = response.output.find((item) => item.type === 'message');
    expect(message?.content[0]).toMatchObject({
      annotations: [{ type: 'file_citation', file_id: 'file_leave', filename: 'leave.md' }],
    });
    expect(response.usage?.total_tokens).toBe(120);
  });

  test('streams: its helper accepts every event and ends with the final response', async () => {
    const stream = server.client().responses.stream({
      model: 'budao',
      input: 'think about leave',
      tools: [{ type: 'file_search', vector_store_ids: ['vs_handbook'] }],
      include: ['file_search_call.results'],
    });
    const types: string[] = [];
    const numbers: number[] = [];
    for await (const event of stream) {
      types.push(event.type);
      numbers.push(event.sequence_number);
    }
    const final = await stream.finalResponse();
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect([...new Set(types)]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.file_search_call.in_progress',
      'response.file_search_call.searching',
      'response.file_search_call.completed',
      'response.output_item.done',
      'response.content_part.added',
      'response.reasoning_text.delta',
      'response.reasoning_text.done',
      'response.content_part.done',
      'response.output_text.delta',
      'response.output_text.annotation.added',
      'response.output_text.done',
      'response.completed',
    ]);
    expect(final.output.map((item) => item.type)).toEqual(['file_search_call', 'reasoning', 'message']);
    expect(final.output_text).toBe('You asked: think about leave. 15 days [1].');
    const retrieved = await server.client().responses.retrieve(final.id);
    expect(final.output).toMatchObject(retrieved.output);
    expect(retrieved.status).toBe('completed');
  });

  test('asks in the background and picks the stream up later, from the middle', async () => {
    const client = server.client();
    const started = await client.responses.create({ model: 'budao', input: 'leave?', background: true });
    expect(['queued', 'in_progress']).toContain(started.status);
    const all: unknown[] = [];
    for await (const event of await client.responses.retrieve(started.id, { stream: true })) all.push(event);
    const rest: unknown[] = [];
    const resumed = await client.responses.retrieve(started.id, { stream: true, starting_after: 4 });
    for await (const event of resumed) rest.push(event);
    expect(rest).toEqual(all.slice(5));
    const byEventId = await server.fetch(`/v1/responses/${started.id}?stream=true`, {
      headers: { 'last-event-id': '4' },
    });
    expect((await byEventId.text()).split('\n\n').filter((frame) => frame.startsWith('event:'))).toHaveLength(
      rest.length,
    );
  });

  test('goes on from a previous response, lists what was asked, and deletes', async () => {
    const client = server.client();
    const first = await client.responses.create({ model: 'budao', input: 'one' });
    const second = await client.responses.create({
      model: 'budao',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'two' }] }],
      previous_response_id: first.id,
    });
    expect(second.previous_response_id).toBe(first.id);
    const items = await client.responses.inputItems.list(second.id);
    expect(items.data[0]).toMatchObject({ type: 'message', content: [{ type: 'input_text', text: 'two' }] });
    await client.responses.delete(first.id);
    await expect(client.responses.retrieve(first.id)).rejects.toMatchObject({
      status: 404,
      code: 'response_not_found',
    });
  });
});

describe('a request that is sent twice', () => {
  test('with one Idempotency-Key gives one answer', async () => {
    const ask = (input: string) =>
      server.fetch('/v1/responses', { json: { input }, headers: { 'idempotency-key': 'k1' } });
    const [first, second] = await Promise.all([ask('twice'), ask('twice')]);
    expect(((await first.json()) as { id: string }).id).toBe(((await second.json()) as { id: string }).id);
    const other = await ask('something else');
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ error: { code: 'idempotency_key_reused' } });
  });
});

describe('bad requests get a clear error and store nothing', () => {
  test.each<[string, object, number, string, string | null]>([
    ['no input', {}, 400, 'missing_required_parameter', 'input'],
    ['an empty question', { input: '  ' }, 400, 'question_empty', 'input'],
    ['a question of 40,000 characters', { input: 'x'.repeat(40_000) }, 400, 'question_too_long', 'input'],
    ['an unknown field', { input: 'q', colour: 'red' }, 400, 'unknown_parameter', 'colour'],
    [
      'an unknown field of the tool',
      { input: 'q', tools: [{ type: 'file_search', vector_store_ids: [], depth: 1 }] },
      400,
      'unknown_parameter',
      'tools.0.depth',
    ],
    [
      'another tool',
      { input: 'q', tools: [{ type: 'web_search' }] },
      400,
      'unsupported_tool',
      'tools.0.type',
    ],
    [
      'a knowledge base that is not there',
      { input: 'q', tools: [{ type: 'file_search', vector_store_ids: ['vs_none'] }] },
      404,
      'knowledge_base_not_found',
      'tools.0.vector_store_ids',
    ],
    [
      'an image',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] },
      400,
      'unsupported_content',
      'input.0.content.0',
    ],
    ['a wrong type', { input: 'q', temperature: 'hot' }, 400, 'invalid_type', 'temperature'],
    [
      'an unknown conversation',
      { input: 'q', conversation: 'conv_none' },
      404,
      'conversation_not_found',
      null,
    ],
    [
      'an unknown previous response',
      { input: 'q', previous_response_id: 'resp_none' },
      404,
      'response_not_found',
      'previous_response_id',
    ],
    [
      'JSON output',
      { input: 'q', text: { format: { type: 'json_schema' } } },
      400,
      'unsupported_parameter',
      'text.format',
    ],
  ])('%s', async (_name, body, status, code, param) => {
    const before = await runCount();
    const reply = await server.fetch('/v1/responses', { json: body });
    expect(reply.status).toBe(status);
    expect(await reply.json()).toMatchObject({ error: { code, param, message: expect.any(String) } });
    expect(reply.headers.get('x-request-id')).toBeTruthy();
    expect(await runCount()).toBe(before);
  });

  test('a body of 3 MB', async () => {
    const reply = await server.fetch('/v1/responses', { json: { input: 'x'.repeat(3_000_000) } });
    expect(reply.status).toBe(413);
    expect(await reply.json()).toMatchObject({ error: { code: 'request_too_large' } });
  });

  test('a body that is not JSON', async () => {
    const reply = await server.fetch('/v1/responses', {
      method: 'POST',
      body: '{"input": ',
      headers: { 'content-type': 'application/json' },
    });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: { code: 'invalid_json' } });
  });

  test('a wrong key', async () => {
    await expect(
      server.client('key-wrong').responses.create({ model: 'budao', input: 'q' }),
    ).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    });
  });
});

test('nobody reads the answers of others, in this workspace or another', async () => {
  const { id } = await server.client().responses.create({ model: 'budao', input: 'secret' });
  for (const key of ['key-bob', 'key-carol']) {
    await expect(server.client(key).responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(server.client(key).responses.cancel(id)).rejects.toMatchObject({ status: 404 });
    await expect(server.client(key).responses.delete(id)).rejects.toMatchObject({ status: 404 });
  }
});

async function runCount(): Promise<number> {
  const row = await server.ledger.read.get<{ count: number }>('SELECT count(*) AS count FROM run');
  return row?.count ?? 0;
}
