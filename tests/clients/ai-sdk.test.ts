import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';
import { describe, expect, test } from 'vitest';
import { clientTarget, QUESTION } from './target.ts';

const target = clientTarget();
const provider = createOpenAI({ baseURL: target.baseUrl, apiKey: target.apiKey });

describe('the AI SDK, unmodified', () => {
  test('generates text through the Responses API, with sources', async () => {
    const result = await generateText({
      model: provider.responses('budao'),
      prompt: QUESTION,
      tools: { file_search: provider.tools.fileSearch({ vectorStoreIds: [target.knowledgeBaseId] }) },
    });
    expect(result.text).not.toBe('');
    expect(result.finishReason).toBe('stop');
    expect(result.sources.length).toBeGreaterThan(0);
    expect(result.sources[0]).toMatchObject({ sourceType: 'document' });
  });

  test('streams text through the Responses API', async () => {
    const result = streamText({ model: provider.responses('budao'), prompt: QUESTION });
    let text = '';
    for await (const piece of result.textStream) text += piece;
    expect(text).not.toBe('');
    expect(await result.finishReason).toBe('stop');
    expect((await result.usage).inputTokens).toBeGreaterThanOrEqual(0);
  });

  test('carries a dialogue on, referring to the earlier answer as it does', async () => {
    const first = await generateText({ model: provider.responses('budao'), prompt: QUESTION });
    const second = await generateText({
      model: provider.responses('budao'),
      messages: [
        { role: 'user', content: QUESTION },
        ...first.response.messages,
        { role: 'user', content: `${QUESTION} Once more.` },
      ],
    });
    expect(second.text).not.toBe('');
  });

  test('streams text through Chat Completions', async () => {
    const result = streamText({ model: provider.chat('budao'), prompt: QUESTION });
    let text = '';
    for await (const piece of result.textStream) text += piece;
    expect(text).not.toBe('');
    expect(await result.finishReason).toBe('stop');
  });
});
