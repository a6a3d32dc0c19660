import { describe, expect, test } from 'vitest';
import type { GenerationRequest } from '../answers/ports.ts';
import {
  adaptDialect,
  buildChatBody,
  type Continuation,
  continuationBaseUrl,
  type Dialect,
  inferContinuation,
} from './dialect.ts';

const DIALECT: Dialect = {
  continuation: 'vllm',
  includeUsage: true,
  tokenLimitField: 'max_tokens',
  sendTemperature: true,
  sendTopP: true,
};

describe('a known vendor is continued in its own way', () => {
  const cases: [baseUrl: string, continuation: Continuation, asked: string][] = [
    ['https://dashscope.aliyuncs.com/compatible-mode/v1', 'partial', ''],
    ['https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'partial', ''],
    ['https://api.moonshot.cn/v1', 'partial', ''],
    ['https://api.deepseek.com/v1', 'prefix', 'https://api.deepseek.com/beta'],
    ['https://api.deepseek.com', 'prefix', 'https://api.deepseek.com/beta'],
    ['https://api.mistral.ai/v1', 'prefix', ''],
    ['https://api.openai.com/v1', 'none', ''],
    ['https://api.anthropic.com/v1', 'none', ''],
    ['http://127.0.0.1:11434/v1', 'ollama', ''],
    ['http://127.0.0.1:8000/v1', 'vllm', ''],
    ['http://notdeepseek.com.example/v1', 'vllm', ''],
  ];
  for (const [baseUrl, continuation, asked] of cases) {
    test(`${baseUrl}`, () => {
      expect(inferContinuation(baseUrl)).toBe(continuation);
      expect(continuationBaseUrl(baseUrl, continuation)).toBe(asked || baseUrl);
    });
  }
});

describe('the fields that ask for a continuation', () => {
  const request: GenerationRequest = {
    messages: [{ role: 'user', content: '?' }],
    prefix: '第一条。\n',
    maxOutputTokens: 10,
    temperature: null,
    topP: null,
    signal: new AbortController().signal,
  };
  const last = { role: 'assistant', content: '第一条。' };
  const cases: [continuation: Continuation, flags: object, message: object | null][] = [
    ['vllm', { continue_final_message: true, add_generation_prompt: false }, last],
    ['sglang', { continue_final_message: true }, last],
    ['llamacpp', {}, last],
    ['ollama', {}, last],
    ['partial', {}, { ...last, partial: true }],
    ['prefix', {}, { ...last, prefix: true }],
    ['none', {}, null],
  ];
  for (const [continuation, flags, message] of cases) {
    test(`${continuation}: cut at a character that templates keep`, () => {
      const options = { model: 'm', extraBody: { top_k: 20 } };
      expect(buildChatBody(request, { ...DIALECT, continuation }, options)).toEqual({
        model: 'm',
        messages: [...request.messages, ...(message === null ? [] : [message])],
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: 10,
        top_k: 20,
        ...flags,
      });
    });
  }
});

describe('a refusal teaches how to ask', () => {
  const cases: [message: string, continuing: boolean, lesson: object | null][] = [
    ["Unsupported parameter: 'stream_options'", false, { change: { includeUsage: false }, lasting: true }],
    [
      "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      false,
      { change: { tokenLimitField: 'max_completion_tokens' }, lasting: true },
    ],
    ["Unsupported value: 'temperature'", false, { change: { sendTemperature: false }, lasting: true }],
    ["Unsupported parameter: 'top_p'", false, { change: { sendTopP: false }, lasting: true }],
    [
      'Unrecognized request argument supplied: continue_final_message',
      true,
      { change: { continuation: 'none' }, lasting: true },
    ],
    [
      'Assistant response prefill is incompatible with enable_thinking.',
      true,
      { change: { continuation: 'none' }, lasting: false },
    ],
    ['extra fields not permitted', false, { change: { includeUsage: false }, lasting: true }],
    ['This model has a maximum context length of 4096 tokens', false, null],
  ];
  for (const [message, continuing, lesson] of cases) {
    test(`${message}`, () => expect(adaptDialect(DIALECT, message, continuing)).toEqual(lesson));
  }
});
