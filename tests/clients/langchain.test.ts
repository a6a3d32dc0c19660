import { AIMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { describe, expect, test } from 'vitest';
import { clientTarget, QUESTION } from './target.ts';

const target = clientTarget();

function model(useResponsesApi: boolean): ChatOpenAI {
  return new ChatOpenAI({
    model: 'budao',
    apiKey: target.apiKey,
    useResponsesApi,
    maxRetries: 0,
    configuration: { baseURL: target.baseUrl },
  });
}

describe.each([
  ['the Responses API', true],
  ['Chat Completions', false],
])('LangChain, unmodified, over %s', (_name, useResponsesApi) => {
  test('answers a dialogue', async () => {
    const answer = await model(useResponsesApi).invoke([
      new SystemMessage('Be brief.'),
      new HumanMessage('Hello'),
      new AIMessage('Hello!'),
      new HumanMessage(QUESTION),
    ]);
    expect(answer.text).not.toBe('');
  });

  test('streams', async () => {
    let text = '';
    for await (const chunk of await model(useResponsesApi).stream(QUESTION)) text += chunk.text;
    expect(text).not.toBe('');
  });
});

test('LangChain asks a knowledge base by file_search and gets the citation', async () => {
  const answer = await model(true).invoke(QUESTION, {
    tools: [{ type: 'file_search', vector_store_ids: [target.knowledgeBaseId] }],
  });
  expect(JSON.stringify(answer.content)).toContain('file_citation');
});
