import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Behaviour, startUpstream, type Upstream } from '../../tests/support/lying-upstream.ts';
import type { GenerationPart, GenerationRequest, Generator } from '../answers/ports.ts';
import { GenerationError } from './generation-error.ts';
import {
  createOpenAiGenerator,
  type OpenAiGenerator,
  type OpenAiGeneratorOptions,
} from './openai-generator.ts';

const API_KEY = 'sk-lying-0123456789abcdef';
const FULL = Array.from({ length: 40 }, (_, index) => `t${index + 1} `).join('');

let upstream: Upstream;
let generator: OpenAiGenerator;

function create(overrides: Partial<OpenAiGeneratorOptions> = {}): OpenAiGenerator {
  return createOpenAiGenerator({
    name: 'first',
    baseUrl: upstream.url,
    apiKey: API_KEY,
    model: 'lying',
    contextTokens: 8_000,
    continuation: 'auto',
    connectTimeoutMs: 1_000,
    firstTokenTimeoutMs: 20_000,
    idleTimeoutMs: 20_000,
    ...overrides,
  });
}

function ask(overrides: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    messages: [
      { role: 'system', content: 'Answer from the passages.' },
      { role: 'user', content: 'How many days of leave?' },
    ],
    prefix: '',
    maxOutputTokens: 500,
    temperature: 0.2,
    topP: 0.9,
    signal: new AbortController().signal,
    ...overrides,
  };
}

interface Collected {
  text: string;
  reasoning: string;
  parts: GenerationPart[];
  end: GenerationPart | undefined;
  error: unknown;
}

async function collect(from: Generator, request: GenerationRequest): Promise<Collected> {
  const parts: GenerationPart[] = [];
  let error: unknown = null;
  try {
    await from.generate(request, (part) => parts.push(part));
  } catch (thrown) {
    error = thrown;
  }
  const textOf = (type: 'text' | 'reasoning') =>
    parts.map((part) => (part.type === type ? part.text : '')).join('');
  return { text: textOf('text'), reasoning: textOf('reasoning'), parts, end: parts.at(-1), error };
}

beforeAll(async () => {
  upstream = await startUpstream({ tokens: 40, apiKey: API_KEY });
});
afterAll(() => upstream.close());
beforeEach(async () => {
  await generator?.[Symbol.asyncDispose]();
  upstream.setBehaviour({});
  upstream.requests.length = 0;
  generator = create();
});

describe('an answer arrives whole', () => {
  const cases: [name: string, behaviour: Behaviour][] = [
    ['token by token', {}],
    ['several events in one chunk', { eventsPerChunk: 7 }],
    ['with CRLF', { lineEnding: '\r\n', eventsPerChunk: 3 }],
    ['without usage', { usage: false }],
    ['without [DONE]', { ending: 'no-done' }],
    ['without a finish reason but with [DONE]', { ending: 'no-finish-reason' }],
    ['as one JSON object, ignoring that a stream was asked for', { stream: 'one-json' }],
    ['though the field for the usage is refused', { refuseFields: ['stream_options'] }],
    ['though only max_completion_tokens is known', { refuseFields: ['max_tokens'] }],
    ['though a temperature is refused', { refuseFields: ['temperature'] }],
    [
      'though four fields are refused',
      { refuseFields: ['max_tokens', 'temperature', 'top_p', 'stream_options'] },
    ],
  ];
  for (const [name, behaviour] of cases) {
    test(`${name}`, async () => {
      upstream.setBehaviour(behaviour);
      const { text, end, error, parts } = await collect(generator, ask());
      expect(error).toBeNull();
      expect(text).toBe(FULL);
      expect(end).toMatchObject({ type: 'end', reason: 'stop' });
      expect(parts.filter((part) => part.type === 'end')).toHaveLength(1);
    });
  }

  test('with the tokens it took', async () => {
    const { end } = await collect(generator, ask());
    expect(end).toEqual({
      type: 'end',
      reason: 'stop',
      usage: { inputTokens: expect.any(Number), outputTokens: 40 },
    });
  });

  test('in one part for the events of one chunk', async () => {
    upstream.setBehaviour({ eventsPerChunk: 1_000 });
    const { parts } = await collect(generator, ask());
    expect(parts.map((part) => part.type)).toEqual(['text', 'end']);
  });

  test('though the upstream never closes the stream after the last token', async () => {
    upstream.setBehaviour({ ending: 'never-closes' });
    const { text, error, end } = await collect(generator, ask());
    expect([text, error, end]).toMatchObject([FULL, null, { reason: 'stop' }]);
  });

  test('over connections that are used again', async () => {
    const before = upstream.connections;
    for (let count = 0; count < 10; count++) await collect(generator, ask());
    expect(upstream.connections - before).toBeLessThanOrEqual(2);
  });

  test('a refused field is not sent a second time', async () => {
    upstream.setBehaviour({ refuseFields: ['stream_options'] });
    await collect(generator, ask());
    await collect(generator, ask());
    expect(upstream.requests.map(({ body }) => 'stream_options' in body)).toEqual([true, false, false]);
  });
});

describe('finish reasons', () => {
  for (const [said, reason] of [
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['tool_calls', 'stop'],
  ]) {
    test(`${said} is ${reason}`, async () => {
      upstream.setBehaviour({ finishReason: said! });
      expect((await collect(generator, ask())).end).toMatchObject({ reason });
    });
  }
});

describe('thoughts are kept apart from the answer', () => {
  for (const thinking of ['reasoning_content', 'reasoning', 'inline'] as const) {
    for (const eventsPerChunk of [1, 4]) {
      test(`${thinking}, ${eventsPerChunk} events a chunk`, async () => {
        upstream.setBehaviour({ thinking, eventsPerChunk });
        const { text, reasoning } = await collect(generator, ask());
        expect([reasoning, text]).toEqual(['Let me think about it.', FULL]);
      });
    }
  }
});

describe('a lying endpoint gives a clear error', () => {
  const cases: [name: string, behaviour: Behaviour, code: string, shown: number][] = [
    ['401', { status: 401 }, 'upstream_unauthorized', 0],
    ['402', { status: 402 }, 'upstream_unauthorized', 0],
    ['400', { status: 400 }, 'upstream_refused', 0],
    ['404', { status: 404, body: '<html>nothing here</html>' }, 'upstream_refused', 0],
    ['422', { status: 422, body: '{"detail":[{"msg":"bad"}]}' }, 'upstream_refused', 0],
    ['429', { status: 429, headers: { 'retry-after': '7' } }, 'upstream_rate_limited', 0],
    ['500', { status: 500 }, 'upstream_failed', 0],
    ['503 without a body', { status: 503, body: '' }, 'upstream_failed', 0],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' } }, 'upstream_refused', 0],
    ['a web page', { stream: 'html' }, 'upstream_garbage', 0],
    ['broken JSON at once', { stream: 'garbage-json', afterTokens: 0 }, 'upstream_garbage', 0],
    ['broken JSON half way', { stream: 'garbage-json', afterTokens: 5 }, 'upstream_garbage', 5],
    ['a line without end', { stream: 'huge-line', afterTokens: 5 }, 'upstream_garbage', 5],
    ['no headers', { hang: 'before-headers' }, 'upstream_timeout', 0],
    ['no first token', { hang: 'mid-stream', afterTokens: 0 }, 'upstream_timeout', 0],
    ['a slow first token', { firstTokenDelayMs: 5_000 }, 'upstream_timeout', 0],
    ['silence half way', { hang: 'mid-stream', afterTokens: 5 }, 'upstream_timeout', 5],
    ['a polite end half way', { ending: 'cut', afterTokens: 5 }, 'upstream_cut', 5],
    ['a reset half way', { ending: 'reset', afterTokens: 5 }, 'upstream_cut', 5],
    ['an error event half way', { ending: 'error-event', afterTokens: 5 }, 'upstream_failed', 5],
  ];
  for (const [name, behaviour, code, shown] of cases) {
    test(`${name}: ${code}`, async () => {
      upstream.setBehaviour(behaviour);
      const impatient = code === 'upstream_timeout' ? { firstTokenTimeoutMs: 500, idleTimeoutMs: 300 } : {};
      await using asked = create(impatient);
      const { error, text } = await collect(asked, ask());
      expect(error).toBeInstanceOf(GenerationError);
      expect(error).toMatchObject({ code, tryElsewhere: true, afterFirstToken: shown > 0 });
      expect((error as Error).message).toContain('"first"');
      expect(FULL.startsWith(text)).toBe(true);
      expect(text.trim().split(' ').filter(Boolean)).toHaveLength(shown);
    });
  }

  test('429 says how long to wait', async () => {
    upstream.setBehaviour({ status: 429, headers: { 'retry-after': '7' } });
    expect((await collect(generator, ask())).error).toMatchObject({ retryAfterMs: 7_000 });
  });

  test('a refusal of the content is not carried to another model', async () => {
    upstream.setBehaviour({ status: 400, body: '{"error":{"message":"no","code":"DataInspectionFailed"}}' });
    expect((await collect(generator, ask())).error).toMatchObject({ tryElsewhere: false });
  });

  test('nothing listens: at once', async () => {
    const closed = await startUpstream();
    await closed.close();
    await using unreachable = create({ baseUrl: closed.url, firstTokenTimeoutMs: 60_000 });
    expect((await collect(unreachable, ask())).error).toMatchObject({ code: 'upstream_unreachable' });
  });

  test('a host name that does not exist: at once', async () => {
    await using unreachable = create({ baseUrl: 'http://nowhere.invalid/v1', firstTokenTimeoutMs: 60_000 });
    expect((await collect(unreachable, ask())).error).toMatchObject({ code: 'upstream_unreachable' });
  });

  test('a base URL that is none, or that carries a password, is refused at the start', () => {
    for (const baseUrl of [
      'localhost:8000',
      'ftp://model/v1',
      'http://user:secret@model/v1',
      'http://m/v1?a=1',
    ]) {
      expect(() => create({ baseUrl })).toThrow(
        expect.objectContaining({ code: 'endpoint_address_invalid' }),
      );
    }
  });
});

test('the key never appears in an error, not even when the upstream repeats it', async () => {
  await using wrong = create({
    apiKey: 'sk-wrong-fedcba9876543210',
    headers: { 'x-extra': 'hush-hush-hush' },
  });
  const { error } = await collect(wrong, ask());
  expect(error).toMatchObject({ code: 'upstream_unauthorized' });
  const shown = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause);
  expect(shown).not.toContain('fedcba');
  upstream.setBehaviour({ status: 500, body: `{"error":"saw ${API_KEY} and sk-proj-other-key-123456"}` });
  expect(String((await collect(generator, ask())).error)).not.toMatch(/lying-0123|other-key/);
});

describe('after a takeover the text goes on where it stopped', () => {
  const shown = FULL.slice(0, 57);
  const rest = FULL.slice(57);
  const cases: [name: string, behaviour: Behaviour, continuation: OpenAiGeneratorOptions['continuation']][] =
    [
      ['vllm', { continuationFlag: 'continue_final_message' }, 'vllm'],
      ['sglang', { continuationFlag: 'continue_final_message' }, 'sglang'],
      ['partial', { continuationFlag: 'partial' }, 'partial'],
      ['prefix', { continuationFlag: 'prefix' }, 'prefix'],
      ['a trailing message (llama.cpp)', { continuationFlag: 'none' }, 'llamacpp'],
      ['a trailing message (Ollama)', { continuationFlag: 'none' }, 'ollama'],
      ['an unknown server that knows the flags', {}, 'auto'],
      ['an unknown server that ignores them', { continuation: 'ignore' }, 'auto'],
      ['an unknown server that refuses them', { refuseFields: ['continue_final_message'] }, 'auto'],
      ['a server that refuses the message flag', { refuseFields: ['partial'] }, 'partial'],
      ['an echo', { continuation: 'echo' }, 'vllm'],
      ['regeneration', {}, 'none'],
      ['regeneration in large chunks', { eventsPerChunk: 9 }, 'none'],
      ['thoughts before the regenerated text', { thinking: 'inline' }, 'none'],
    ];
  for (const [name, behaviour, continuation] of cases) {
    test(`${name}`, async () => {
      upstream.setBehaviour(behaviour);
      await using continuing = create({ continuation });
      const { text, error, end } = await collect(continuing, ask({ prefix: shown }));
      expect(error).toBeNull();
      expect(text).toBe(rest);
      expect(end).toMatchObject({ reason: 'stop' });
    });
  }

  test('at every point, with either way of asking', async () => {
    await using regenerating = create({ continuation: 'none' });
    for (let cut = 1; cut < 60; cut++) {
      for (const from of [generator, regenerating]) {
        const { text } = await collect(from, ask({ prefix: FULL.slice(0, cut) }));
        expect(FULL.slice(0, cut) + text).toBe(FULL);
      }
    }
  });

  test('a server that refuses the flags is asked without them from then on', async () => {
    upstream.setBehaviour({ refuseFields: ['continue_final_message'] });
    await collect(generator, ask({ prefix: shown }));
    await collect(generator, ask({ prefix: shown }));
    expect(upstream.requests.map(({ body }) => 'continue_final_message' in body)).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('a model that words it differently ends the answer as incomplete, and repeats nothing', async () => {
    upstream.setBehaviour({ continuation: 'depart' });
    await using regenerating = create({ continuation: 'none' });
    const { text, end } = await collect(regenerating, ask({ prefix: shown }));
    expect(text).toBe('');
    expect(end).toMatchObject({ reason: 'length', departed: true });
  });
});

describe('stopping', () => {
  test('an aborted signal ends the request at the upstream and throws its reason', async () => {
    upstream.setBehaviour({ hang: 'mid-stream', afterTokens: 3 });
    const controller = new AbortController();
    const reason = new Error('cancelled by the reader');
    const parts: GenerationPart[] = [];
    const run = generator.generate(ask({ signal: controller.signal }), (part) => {
      parts.push(part);
      controller.abort(reason);
    });
    await expect(run).rejects.toBe(reason);
    await expect.poll(() => upstream.requests[0]?.abandoned).toBe(true);
  });

  test('a consumer that fails ends the request at the upstream', async () => {
    upstream.setBehaviour({ hang: 'mid-stream', afterTokens: 3 });
    const run = generator.generate(ask(), () => {
      throw new Error('no more room');
    });
    await expect(run).rejects.toThrow();
    await expect.poll(() => upstream.requests[0]?.abandoned).toBe(true);
  });

  test('an already aborted signal asks nobody', async () => {
    const { error } = await collect(generator, ask({ signal: AbortSignal.abort(new Error('gone')) }));
    expect(error).toMatchObject({ message: 'gone' });
    expect(upstream.requests).toHaveLength(0);
  });
});
