import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientTarget, openClientTarget } from './target.ts';

let target: ClientTarget;
let client: OpenAI;
beforeAll(async () => {
  target = await openClientTarget();
  client = new OpenAI({ baseURL: `${target.baseUrl}/v1`, apiKey: target.apiKey });
});
afterAll(() => target[Symbol.asyncDispose]());

describe('the openai package, unmodified', () => {
  test('answers, with a citation of a document', async () => {
    const response = await client.responses.create({ model: 'budao', input: target.question });
    expect(response.status).toBe('completed');
    expect(response.output_text).not.toBe('');
    expect(citations(response)).not.toHaveLength(0);
  });

  test('streams through its helper, and the final response is what is retrieved', async () => {
    const stream = client.responses.stream({
      model: 'budao',
      input: target.question,
      tools: [{ type: 'file_search', vector_store_ids: [target.knowledgeBaseId] }],
      include: ['file_search_call.results'],
    });
    let text = '';
    stream.on('response.output_text.delta', (event) => {
      text += event.delta;
    });
    const final = await stream.finalResponse();
    expect(text).toBe(final.output_text);
    const search = final.output.find((item) => item.type === 'file_search_call');
    expect(search?.results?.length).toBeGreaterThan(0);
    expect((await client.responses.retrieve(final.id)).output_text).toBe(final.output_text);
  });

  test('resumes through its helper, which replays, and through a raw retrieve, which does not', async () => {
    const started = await client.responses.create({
      model: 'budao',
      input: target.question,
      background: true,
    });
    const replayed: number[] = [];
    const helper = client.responses.stream({ response_id: started.id, starting_after: 3 });
    for await (const event of helper) replayed.push(event.sequence_number);
    const raw: number[] = [];
    const retrieved = await client.responses.retrieve(started.id, { stream: true, starting_after: 3 });
    for await (const event of retrieved) raw.push(event.sequence_number);
    expect(raw[0]).toBe(4);
    expect(replayed).toEqual(raw);
    const final = await helper.finalResponse();
    expect(final.status).toBe('completed');
  });

  test('keeps a conversation', async () => {
    const conversation = await client.conversations.create();
    await client.responses.create({ model: 'budao', input: target.question, conversation: conversation.id });
    const roles: unknown[] = [];
    for await (const item of client.conversations.items.list(conversation.id, { order: 'asc' })) {
      roles.push((item as { role?: string }).role);
    }
    expect(roles).toEqual(['user', 'assistant']);
    await client.conversations.delete(conversation.id);
  });

  test('uses chat completions', async () => {
    const stream = client.chat.completions.stream({
      model: 'budao',
      messages: [{ role: 'user', content: target.question }],
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.content).not.toBe('');
  });

  test('reads errors by status and code', async () => {
    const stranger = new OpenAI({ baseURL: `${target.baseUrl}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401 });
    await expect(client.responses.retrieve('resp_none')).rejects.toMatchObject({
      status: 404,
      code: 'response_not_found',
    });
  });
});

function citations(response: OpenAI.Responses.Response): unknown[] {
  return response.output.flatMap((item) =>
    item.type === 'message'
      ? item.content.flatMap((part) => (part.type === 'output_text' ? part.annotations : []))
      : [],
  );
}
