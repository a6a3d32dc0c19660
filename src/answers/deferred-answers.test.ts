import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ANSWER_INPUT } from '../../tests/support/answer-input.ts';
import { ANSWER_RUN, type AnswerInput, type DegradedSearch, type LesserMode } from '../contract/answer.ts';
import type { Retriever } from '../knowledge/retrieve/retrieve.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { GenerationError } from '../models/generation-error.ts';
import { RUNS_AVAILABLE } from '../runs/channel.ts';
import type { Run } from '../runs/run.ts';
import { countDeferred, wakeDeferred } from '../runs/run-deferral.ts';
import { getRun, readEvents, submitRun } from '../runs/run-store.ts';
import { RunWorker } from '../runs/run-worker.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { createAnswerHandler } from './answer-handler.ts';
import type { GeneratorChoice } from './ports.ts';

let cleanup: AsyncDisposableStack;
let ledger: Ledger;
const channel = new MemoryChannel();
/** What the world is like. */
const world = {
  isModelUp: true,
  isKnownDown: false,
  degraded: null as DegradedSearch | null,
  searches: 0,
  calls: 0,
};

const choice: GeneratorChoice = {
  name: 'model',
  contextTokens: 8_000,
  endpoints: () => [{ name: 'model', isUsable: !world.isKnownDown, lastError: null }],
  async generate(_request, onPart, onEndpoint) {
    world.calls++;
    if (!world.isModelUp) {
      // Long enough for what was found to be written down.
      await sleep(60);
      throw new GenerationError('upstream_failed', 'The model is down.');
    }
    onEndpoint('model', 0);
    onPart({ type: 'text', text: '十天' });
    onPart({ type: 'end', reason: 'stop', usage: null });
  },
};
const retriever: Retriever = {
  async retrieve() {
    world.searches++;
    return { hits: [], knowledgeBaseIds: ['vs_1'], degraded: world.degraded };
  },
};

beforeEach(async () => {
  Object.assign(world, { isModelUp: true, isKnownDown: false, degraded: null, searches: 0, calls: 0 });
  cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-deferred-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  const settings = { passages: 4, maxOutputTokens: 100 };
  const handler = createAnswerHandler({ ledger, retriever, generatorsFor: () => choice, settings });
  cleanup.use(new RunWorker({ ledger, channel, owner: 'worker', handlers: [handler as never] }));
});
afterEach(() => cleanup.disposeAsync());

async function allow(modes: readonly LesserMode[]): Promise<void> {
  await ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO workspace (id, name, settings, created_at) VALUES ('ws_test', 'Test', :settings, 0)
       ON CONFLICT (id) DO UPDATE SET settings = :settings`,
      { settings: JSON.stringify({ allowedModes: modes }) },
    ),
  );
}

async function ask(input: Partial<AnswerInput> = {}): Promise<string> {
  const request = { kind: ANSWER_RUN, workspaceId: 'ws_test', input: { ...ANSWER_INPUT, ...input } };
  const { run } = await ledger.transaction((tx) => submitRun(tx, request, Date.now()));
  return run.id;
}

async function until(id: string, isSo: (run: Run) => boolean): Promise<Run> {
  await vi.waitUntil(async () => isSo((await getRun(ledger.read, id)) as Run), 15_000);
  return (await getRun(ledger.read, id)) as Run;
}

const isPutOff = (run: Run): boolean => run.status === 'queued' && run.deferral !== null;
const isDone = (run: Run): boolean => run.finishedAt !== null;
const logOf = async (id: string) => (await readEvents(ledger.read, id, 0, 100)).map(({ type }) => type);

async function wake(): Promise<number> {
  const woken = await ledger.transaction((tx) => wakeDeferred(tx, { kind: ANSWER_RUN, now: Date.now() }));
  channel.publish(RUNS_AVAILABLE, ANSWER_RUN);
  return woken;
}

test('a question that nothing may answer is kept, says why once, and is searched for afresh when it is answered', async () => {
  await allow([]);
  world.isModelUp = false;
  const id = await ask();
  await until(id, isPutOff);
  await wake();
  const kept = await until(id, (run) => isPutOff(run) && run.deferral?.count === 2);
  expect(kept).toMatchObject({ attempts: 0, deferral: { code: 'model_failed' } });
  expect((await logOf(id)).filter((type) => type === 'answer.deferred')).toHaveLength(1);
  world.isModelUp = true;
  await wake();
  const done = await until(id, isDone);
  expect(done).toMatchObject({ status: 'completed', result: { text: '十天', mode: 'full' } });
  expect(world.searches).toBe(3);
  const deferred = (await readEvents(ledger.read, id, 0, 100)).find(({ type }) => type === 'answer.deferred');
  expect(deferred?.payload).toEqual({
    mode: 'deferred',
    modeReason: "The model is down. This workspace does not allow answers in the mode 'extractive'.",
    modeReasonCode: 'model_failed',
    withheldMode: 'extractive',
  });
});

test('while the breakers say that nothing can answer, nothing is searched or asked', async () => {
  await allow([]);
  world.isKnownDown = true;
  const id = await ask();
  await until(id, isPutOff);
  expect([world.searches, world.calls, await logOf(id)]).toEqual([0, 0, ['answer.deferred']]);
});

test('a chat completion, which has no way back to its answer, fails at once with a code of its own', async () => {
  await allow([]);
  world.isModelUp = false;
  const ended = await until(await ask({ surface: 'chat' }), isDone);
  expect(ended).toMatchObject({ status: 'failed', failure: { code: 'answering_unavailable' } });
});

test('a refusal of the content is no outage: the question fails instead of waiting for ever', async () => {
  await allow([]);
  const generate = vi
    .spyOn(choice, 'generate')
    .mockRejectedValue(new GenerationError('upstream_refused', 'No.'));
  const ended = await until(await ask(), isDone);
  generate.mockRestore();
  expect(ended).toMatchObject({ status: 'failed', failure: { code: 'upstream_refused' } });
});

test('a workspace that answers from its documents refuses a question that names none', async () => {
  await allow(['fallback-model', 'keyword-only', 'extractive']);
  const retrieve = vi
    .spyOn(retriever, 'retrieve')
    .mockResolvedValue({ hits: [], knowledgeBaseIds: [], degraded: null });
  const ended = await until(await ask({ knowledgeBaseIds: [] }), isDone);
  retrieve.mockRestore();
  expect(ended).toMatchObject({ status: 'failed', failure: { code: 'mode_not_allowed' } });
});

test('many that waited come back one after another, all of them, each once', async () => {
  await allow([]);
  world.isKnownDown = true;
  const ids: string[] = [];
  for (let index = 0; index < 60; index++) ids.push(await ask());
  await vi.waitUntil(async () => (await countDeferred(ledger.read, ANSWER_RUN)) === 60, 15_000);
  const spread = await ledger.read.get<{ distinct_times: number }>(
    'SELECT count(DISTINCT available_at) AS distinct_times FROM run',
  );
  // No two wait equally long, or they would all come back in the same moment.
  expect(spread?.distinct_times).toBeGreaterThan(50);
  world.isKnownDown = false;
  await wake();
  for (const id of ids) expect((await until(id, isDone)).status).toBe('completed');
  expect(world.calls).toBe(60);
  const times = await ledger.read.get<{ first: number; last: number }>(
    'SELECT min(available_at) AS first, max(available_at) AS last FROM run',
  );
  expect((times?.last ?? 0) - (times?.first ?? 0)).toBeGreaterThan(1_000);
});

test('an answer that began in a lesser mode stays marked, whoever finishes it', async () => {
  world.degraded = { mode: 'keyword-only', reason: 'no vectors', code: 'embedder_away' };
  const cut = Promise.withResolvers<void>();
  const generate = vi
    .spyOn(choice, 'generate')
    .mockImplementationOnce(async (_request, onPart, onEndpoint) => {
      onEndpoint('model', 0);
      onPart({ type: 'text', text: '十' });
      world.degraded = null;
      cut.resolve();
      throw new GenerationError('upstream_cut', 'Broke off.');
    });
  const id = await ask();
  await cut.promise;
  const done = await until(id, isDone);
  generate.mockRestore();
  expect(done.result).toMatchObject({ mode: 'keyword-only', modeReasonCode: 'embedder_away' });
});
