import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientTarget, openClientTarget } from './target.ts';

let target: ClientTarget;
let provider: ReturnType<typeof createOpenAI>;
beforeAll(async () => {
  target = await openClientTarget();
  provider = createOpenAI({ baseURL: `${target.baseUrl}/v1`, apiKey: target.apiKey });
});
afterAll(() => target[Symbol.asyncDispose]());

describe('the AI SDK, unmodified', () => {
  test('generates text through the Responses API, with sources', async () => {
    const result = await generateText({
      model: provider.responses('budao'),
      prompt: target.question,
      tools: { file_search: provider.tools.fileSearch({ vectorStoreIds: [target.knowledgeBaseId] }) },
    });
    expect(result.text).not.toBe('');
    expect(result.finishReason).toBe('stop');
    expect(result.sources.length).toBeGreaterThan(0);
    expect(result.sources[0]).toMatchObject({ sourceType: 'document' });
  });

  test('streams text through the Responses API', async () => {
    const result = streamText({ model: provider.responses('budao'), prompt: target.question });
    let text = '';
    for await (const piece of result.textStream) text += piece;
    expect(text).not.toBe('');
    expect(await result.finishReason).toBe('stop');
    expect((await result.usage).inputTokens).toBeGreaterThanOrEqual(0);
  });

  test('carries a dialogue on, referring to the earlier answer as it does', async () => {
    const first = await generateText({ model: provider.responses('budao'), prompt: target.question });
    const second = await generateText({
      model: provider.responses('budao'),
      messages: [
        { role: 'user', content: target.question },
        ...first.response.messages,
        { role: 'user', content: `${target.question} Once more.` },
      ],
    });
    expect(second.text).not.toBe('');
  });

  test('streams text through Chat Completions', async () => {
    const result = streamText({ model: provider.chat('budao'), prompt: target.question });
    let text = '';
    for await (const piece of result.textStream) text += piece;
    expect(text).not.toBe('');
    expect(await result.finishReason).toBe('stop');
  });
});
