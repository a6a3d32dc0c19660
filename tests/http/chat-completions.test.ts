import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnswerInput } from '../../src/contract/answer.ts';
import type { RunContext } from '../../src/runs/run.ts';
import { AnswerServer, answerInPieces } from '../support/answer-server.ts';

let server: AnswerServer;
const inputs: AnswerInput[] = [];

beforeAll(async () => {
  server = await AnswerServer.start(async (context: RunContext<AnswerInput>) => {
    inputs.push(context.input);
    if (context.input.question === 'fail') {
      return { status: 'failed', failure: { code: 'internal_error', message: 'It broke.' } };
    }
    return answerInPieces(context);
  });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('chat completions, with the openai package', () => {
  test('answer whole, with the citation in the text and as an annotation', async () => {
    const completion = await server.client().chat.completions.create({
      model: 'test-model',
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'hi' },
        { role: 'user', content: [{ type: 'text', text: 'leave?' }] },
      ],
    });
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: {
        content: 'You asked: leave?. 15 days [1].',
        annotations: [
          { type: 'url_citation', url_citation: { title: 'leave.md', start_index: 27, end_index: 30 } },
        ],
      },
    });
    expect(completion).toMatchObject({ budao: { citations: [{ file_id: 'file_leave' }] } });
    expect(completion.usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
    expect(inputs.at(-1)).toMatchObject({
      question: 'leave?',
      model: 'test-model',
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'hi' },
      ],
    });
  });

  test('stream, with usage when it was asked for, and can be read again as a response', async () => {
    const stream = server.client().chat.completions.stream({
      model: 'any-name-that-a-client-has-built-in',
      messages: [{ role: 'user', content: 'think' }],
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.content).toBe('You asked: think. 15 days [1].');
    expect(completion.usage?.total_tokens).toBe(120);
    const response = await server.client().responses.retrieve(completion.id);
    expect(response.output_text).toBe('You asked: think. 15 days [1].');
  });

  test('that fail in the middle of a stream raise an error in the client', async () => {
    const stream = await server.client().chat.completions.create({
      model: 'budao',
      messages: [{ role: 'user', content: 'fail' }],
      stream: true,
    });
    const read = async () => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toMatchObject({ code: 'internal_error' });
  });

  test('refuse tools and unknown parameters by name', async () => {
    const messages = [{ role: 'user', content: 'q' }];
    const tools = [{ type: 'function', function: { name: 'f' } }];
    for (const [extra, code, param] of [
      [{ tools }, 'unsupported_tool', 'tools.0.type'],
      [{ colour: 1 }, 'unknown_parameter', 'colour'],
      [{ response_format: { type: 'json_object' } }, 'unsupported_parameter', 'response_format.type'],
    ] as const) {
      const reply = await server.fetch('/v1/chat/completions', { json: { messages, ...extra } });
      expect(reply.status).toBe(400);
      expect(await reply.json()).toMatchObject({ error: { code, param } });
    }
  });
});

test('models are listed and found by name', async () => {
  const ids: string[] = [];
  for await (const model of server.client().models.list()) ids.push(model.id);
  expect(ids).toEqual(['budao', 'extractive', 'test-model']);
  expect(await server.client().models.retrieve('test-model')).toMatchObject({ id: 'test-model' });
  await expect(server.client().models.retrieve('gpt-4')).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
  });
});

test('embeddings without an embedder say what to configure', async () => {
  await expect(server.client().embeddings.create({ model: 'any', input: 'text' })).rejects.toMatchObject({
    status: 400,
    code: 'embedder_not_configured',
  });
});

test('embeddings arrive in the encoding that the client asks for', async () => {
  await using other = await AnswerServer.start(answerInPieces, {
    embedder: {
      id: 'tiny',
      dimension: 2,
      embed: async (texts) => texts.map((text) => [text.length, 0.5]),
    },
  });
  const byDefault = await other.client().embeddings.create({ model: 'tiny', input: ['a', 'bcd'] });
  expect(byDefault.data.map((one) => [...one.embedding])).toEqual([
    [1, 0.5],
    [3, 0.5],
  ]);
  const floats = await other
    .client()
    .embeddings.create({ model: 'tiny', input: 'a', encoding_format: 'float' });
  expect(floats.data[0]?.embedding).toEqual([1, 0.5]);
});
