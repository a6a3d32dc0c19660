import { z } from 'zod';
import type { LaboratoryEndpoint } from '../laboratory/models.ts';
import type { Behaviour } from '../model/lying-upstream.ts';
import { defineFault } from './fault.ts';

const CUT_AFTER_TOKENS = 10;
const SLOW_FIRST_TOKEN_MS = 2_000;

/** What an endpoint of a model does when it fails; null: it is not there. */
const FAILURES: Readonly<Record<string, Behaviour | null>> = {
  away: null,
  unauthorized: { status: 401 },
  'no-credit': { status: 402 },
  'rate-limited': { status: 429, headers: { 'retry-after': '2' } },
  failing: { status: 500 },
  hanging: { hang: 'before-headers' },
  'hanging-in-answer': { hang: 'mid-stream', afterTokens: CUT_AFTER_TOKENS },
  cut: { ending: 'cut', afterTokens: CUT_AFTER_TOKENS },
  reset: { ending: 'reset', afterTokens: CUT_AFTER_TOKENS },
  slow: { firstTokenDelayMs: SLOW_FIRST_TOKEN_MS },
  garbage: { stream: 'garbage-json', afterTokens: CUT_AFTER_TOKENS },
  'web-page': { stream: 'html' },
};
const NAMES = Object.keys(FAILURES) as [string, ...string[]];

export const modelFails = defineFault({
  name: 'model-fails',
  about: {
    en: 'the model is away, refuses, limits, hangs, breaks off, is slow, or answers garbage',
    zh: '模型离线、拒绝、限流、挂起、中断、变慢或返回乱码',
  },
  parameters: z.strictObject({ target: z.enum(NAMES) }),
  requires: ['linux'],
  needs: ['model'],
  async prepare({ model }, { target }) {
    if (model === null) throw new Error('this laboratory has no model');
    return failing(model, `model ${target}`, FAILURES[target] ?? null);
  },
});

const VECTOR_FAILURES: Readonly<Record<string, Behaviour | null>> = {
  away: null,
  failing: { status: 500 },
  hanging: { hang: 'before-headers' },
  'wrong-dimension': { embeddings: 'wrong-dimension' },
  'not-a-number': { embeddings: 'not-a-number' },
  'wrong-count': { embeddings: 'wrong-count' },
  'all-zero': { embeddings: 'all-zero' },
  'another-model': { embeddings: 'another-model' },
  garbage: { embeddings: 'garbage' },
};
const VECTOR_NAMES = Object.keys(VECTOR_FAILURES) as [string, ...string[]];

export const embedderFails = defineFault({
  name: 'embedder-fails',
  about: {
    en: 'the embedder is away, or gives vectors of a wrong dimension, of another model, or garbage',
    zh: '向量模型离线，或返回错误维度、其他模型的向量或乱码',
  },
  parameters: z.strictObject({ target: z.enum(VECTOR_NAMES) }),
  requires: ['linux'],
  needs: ['embedder'],
  async prepare({ embedder }, { target }) {
    if (embedder === null) throw new Error('this laboratory has no embedder');
    return failing(embedder, `embedder ${target}`, VECTOR_FAILURES[target] ?? null);
  },
});

/** Endpoints are part of the drill: they end with it. */
function failing(endpoint: LaboratoryEndpoint, victim: string, behaviour: Behaviour | null) {
  return {
    victim,
    undoActs: [],
    inject: async () => (behaviour === null ? endpoint.kill() : endpoint.behave(behaviour)),
    isInjected: async () => (behaviour === null ? !endpoint.isRunning : endpoint.isLying),
    undo: () => endpoint.heal(),
    isUndone: async () => endpoint.isRunning && !endpoint.isLying && (await answers(endpoint)),
  };
}

async function answers({ url }: LaboratoryEndpoint): Promise<boolean> {
  return fetch(`${url}/models`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}
