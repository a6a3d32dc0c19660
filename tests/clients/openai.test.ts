import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { clientTarget, QUESTION } from './target.ts';

const target = clientTarget();
const client = new OpenAI({ baseURL: target.baseUrl, apiKey: target.apiKey });

describe('the openai package, unmodified', () => {
  test('answers, with a citation of a document', async () => {
    const response = await client.responses.create({ model: 'budao', input: QUESTION });
    expect(response).toMatchObject({ status: 'completed', output_text: expect.stringContaining('15 days') });
    expect(citationsOf(response)).toMatchObject([{ type: 'file_citation', filename: 'leave.md' }]);
  });

  test('streams through its helper, and the final response is what is retrieved', async () => {
    const stream = client.responses.stream({
      model: 'budao',
      input: QUESTION,
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
    expect(search?.results?.[0]).toMatchObject({ filename: 'leave.md' });
    expect((await client.responses.retrieve(final.id)).output_text).toBe(final.output_text);
  });

  test('carries a dialogue on from the previous response', async () => {
    const first = await client.responses.create({ model: 'budao', input: QUESTION });
    const second = await client.responses.create({
      model: 'budao',
      input: 'And when do they lapse?',
      previous_response_id: first.id,
    });
    expect(second).toMatchObject({ status: 'completed', previous_response_id: first.id });
    const inputs = await client.responses.inputItems.list(second.id);
    expect(JSON.stringify(inputs.data)).toContain('And when do they lapse?');
  });

  test('keeps a conversation, and lists it page by page', async () => {
    const conversation = await client.conversations.create({ metadata: { topic: 'leave' } });
    for (const input of [QUESTION, 'Really?']) {
      await client.responses.create({ model: 'budao', input, conversation: conversation.id });
    }
    const roles: unknown[] = [];
    for await (const item of client.conversations.items.list(conversation.id, { order: 'asc', limit: 3 })) {
      if (item.type === 'message') roles.push(item.role);
    }
    expect(roles).toEqual(['user', 'assistant', 'user', 'assistant']);
    expect((await client.conversations.retrieve(conversation.id)).metadata).toEqual({ topic: 'leave' });
    await client.conversations.delete(conversation.id);
    await expect(client.conversations.retrieve(conversation.id)).rejects.toMatchObject({ status: 404 });
  });

  test('uses chat completions, whole and streamed', async () => {
    const messages = [{ role: 'user' as const, content: QUESTION }];
    const whole = await client.chat.completions.create({ model: 'budao', messages });
    expect(whole.choices[0]?.message.content).toContain('15 days');
    const stream = client.chat.completions.stream({
      model: 'budao',
      messages,
      stream_options: { include_usage: true },
    });
    const streamed = await stream.finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(streamed.usage?.completion_tokens).toBeGreaterThan(0);
  });

  test('lists the models that can be asked for', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(expect.arrayContaining(['budao', 'extractive', 'citing', 'slow']));
    expect(await client.models.retrieve('budao')).toMatchObject({ id: 'budao', object: 'model' });
  });

  test('reads errors by class, status, code and parameter', async () => {
    const stranger = new OpenAI({ baseURL: target.baseUrl, apiKey: 'wrong', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(client.responses.retrieve('resp_none')).rejects.toMatchObject({
      status: 404,
      code: 'response_not_found',
    });
    const misspelt = client.responses.create({ model: 'budao', input: QUESTION, temprature: 1 } as never);
    await expect(misspelt).rejects.toMatchObject({
      status: 400,
      code: 'unknown_parameter',
      param: 'temprature',
    });
    await expect(misspelt).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  });
});

function citationsOf(response: OpenAI.Responses.Response): unknown[] {
  return response.output.flatMap((item) =>
    item.type === 'message'
      ? item.content.flatMap((part) => (part.type === 'output_text' ? part.annotations : []))
      : [],
  );
}
