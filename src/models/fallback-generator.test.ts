import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { GenerationPart, GenerationRequest, Generator } from '../answers/ports.ts';
import type { CircuitOptions } from '../dependencies/circuit.ts';
import { Dependency } from '../dependencies/dependency.ts';
import { createFallbackGenerator, type FallbackOptions, generatorDependency } from './fallback-generator.ts';
import { GenerationError, type GenerationErrorCode } from './generation-error.ts';

const FULL = ['一', '二', '三', '四', '五'];

/** A generator that goes on from the prefix and fails after some tokens as long as `code` is set. */
class Scripted implements Generator {
  readonly name: string;
  readonly contextTokens: number;
  code: GenerationErrorCode | null = null;
  tryElsewhere = true;
  afterTokens = 0;
  calls = 0;

  constructor(name: string, contextTokens = 8_000) {
    this.name = name;
    this.contextTokens = contextTokens;
  }

  fails(code: GenerationErrorCode | null, afterTokens = 0): this {
    this.code = code;
    this.afterTokens = afterTokens;
    return this;
  }

  async generate(request: GenerationRequest, onPart: (part: GenerationPart) => void): Promise<void> {
    this.calls++;
    let given = 0;
    for (const text of FULL.slice(request.prefix.length)) {
      if (this.code !== null && given++ >= this.afterTokens) break;
      onPart({ type: 'text', text });
    }
    if (this.code !== null) {
      throw new GenerationError(this.code, `${this.name} says no`, { tryElsewhere: this.tryElsewhere });
    }
    onPart({ type: 'end', reason: 'stop', usage: null });
  }
}

let first: Scripted;
let second: Scripted;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  first = new Scripted('first');
  second = new Scripted('second', 4_000);
});
afterEach(() => void vi.useRealTimers());

let guards: Dependency[];

function create(overrides: Partial<FallbackOptions> & { breaker?: Partial<CircuitOptions> } = {}) {
  const { breaker = {}, ...options } = overrides;
  guards = [first, second].map(
    (generator) => new Dependency(generatorDependency(generator, { circuit: breaker })),
  );
  const endpoints = [first, second].map((generator, index) => ({ generator, dependency: guards[index]! }));
  return createFallbackGenerator({ endpoints, ...options });
}

/** What the breaker of the preferred endpoint says. */
function breakerOfFirst(): [condition: string, lastError: string | null] {
  const { condition, lastError } = guards[0]!.state;
  return [condition, lastError?.code ?? null];
}

function ask(signal = new AbortController().signal, prefix = ''): GenerationRequest {
  return {
    messages: [{ role: 'user', content: '?' }],
    prefix,
    maxOutputTokens: 100,
    temperature: null,
    topP: null,
    signal,
  };
}

async function answer(from: Generator, prefix = ''): Promise<string> {
  let text = '';
  await from.generate(ask(undefined, prefix), (part) => {
    text += part.type === 'end' ? `[${part.reason}]` : part.text;
  });
  return text;
}

test('the first endpoint answers and is reported', async () => {
  const onEndpoint = vi.fn<(name: string, index: number) => void>();
  expect(await answer(create({ onEndpoint }))).toBe('一二三四五[stop]');
  expect(onEndpoint.mock.calls).toEqual([['first', 0]]);
});

test('the smallest context is what a prompt may use', () => {
  expect(create().contextTokens).toBe(4_000);
});

describe('the next endpoint takes over', () => {
  for (const afterTokens of [0, 1, 4, 5]) {
    test(`after ${afterTokens} tokens, without a character lost or doubled`, async () => {
      const onEndpoint = vi.fn<(name: string, index: number) => void>();
      first.fails('upstream_cut', afterTokens);
      expect(await answer(create({ onEndpoint }))).toBe('一二三四五[stop]');
      expect(onEndpoint).toHaveBeenLastCalledWith('second', 1);
    });
  }

  test('from text that an earlier worker has shown', async () => {
    first.fails('upstream_timeout', 1);
    expect(await answer(create(), '一二')).toBe('三四五[stop]');
  });
});

test('an error that no other endpoint can mend is thrown at once', async () => {
  first.fails('upstream_refused').tryElsewhere = false;
  await expect(answer(create())).rejects.toMatchObject({
    code: 'upstream_refused',
    message: 'first says no',
  });
  expect(second.calls).toBe(0);
});

test('when all fail, the last error tells of the others and of what was shown', async () => {
  first.fails('upstream_cut', 2);
  second.fails('upstream_failed');
  await expect(answer(create())).rejects.toMatchObject({
    code: 'upstream_failed',
    afterFirstToken: true,
    cause: { errors: [{ code: 'upstream_cut' }, { code: 'upstream_failed' }] },
  });
});

describe('the breaker', () => {
  const breaker = { consecutiveFailures: 3, restMs: 1_000 };

  test('opens after failures in a row, rests, lets one probe through and closes', async () => {
    const fallback = create({ breaker });
    first.fails('upstream_unreachable');
    for (let count = 0; count < 5; count++) await answer(fallback);
    expect(first.calls).toBe(3);
    expect(breakerOfFirst()).toEqual(['open', 'upstream_unreachable']);
    vi.advanceTimersByTime(1_001);
    await answer(fallback);
    await answer(fallback);
    expect(first.calls).toBe(4);
    first.fails(null);
    vi.advanceTimersByTime(1_001);
    await answer(fallback);
    expect(breakerOfFirst()).toEqual(['closed', null]);
  });

  test('opens for an endpoint that begins every answer and finishes none', async () => {
    const fallback = create({ breaker: { windowCalls: 10 } });
    first.fails('upstream_cut', 2);
    for (let count = 0; count < 12; count++) await answer(fallback);
    expect(breakerOfFirst()[0]).toBe('open');
    expect(first.calls).toBeLessThan(12);
  });

  test('does not count refused requests', async () => {
    const fallback = create({ breaker });
    first.fails('upstream_refused');
    for (let count = 0; count < 6; count++) await answer(fallback);
    expect(breakerOfFirst()[0]).toBe('closed');
  });

  test('says when to try again while every endpoint rests', async () => {
    const fallback = create({ breaker: { ...breaker, consecutiveFailures: 1 } });
    first.fails('upstream_unreachable');
    second.fails('upstream_timeout');
    await expect(answer(fallback)).rejects.toMatchObject({ code: 'upstream_timeout' });
    await expect(answer(fallback)).rejects.toMatchObject({
      code: 'upstream_unreachable',
      retryAfterMs: 1_000,
    });
    expect([first.calls, second.calls]).toEqual([1, 1]);
  });

  test('lets nobody wait for the probe', async () => {
    const fallback = create({ breaker: { ...breaker, consecutiveFailures: 1 } });
    await answer(fallback);
    first.fails('upstream_unreachable');
    await answer(fallback);
    vi.advanceTimersByTime(1_001);
    first.fails(null);
    const held = Promise.withResolvers<void>();
    const generate = first.generate.bind(first);
    first.generate = async (request, onPart) => {
      await held.promise;
      await generate(request, onPart);
    };
    const probe = answer(fallback);
    const before = first.calls;
    expect(await answer(fallback)).toBe('一二三四五[stop]');
    expect(first.calls).toBe(before);
    held.resolve();
    await probe;
    expect(breakerOfFirst()[0]).toBe('closed');
  });

  test('takes a reader who goes away for no failure', async () => {
    const fallback = create({ breaker: { ...breaker, consecutiveFailures: 1 } });
    const controller = new AbortController();
    first.generate = async (request) => {
      controller.abort(new Error('stopped'));
      request.signal.throwIfAborted();
    };
    await expect(fallback.generate(ask(controller.signal), () => {})).rejects.toThrow('stopped');
    expect(breakerOfFirst()[0]).toBe('closed');
    expect(second.calls).toBe(0);
  });
});
