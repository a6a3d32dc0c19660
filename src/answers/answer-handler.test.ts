import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ANSWER_INPUT } from '../../tests/support/answer-input.ts';
import { ANSWER_RUN, type AnswerInput, type AnswerResult } from '../contract/answer.ts';
import type { RetrievedHit, Retriever } from '../knowledge/retrieve/retrieve.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../runs/run.ts';
import { appendEvents } from '../runs/run-appends.ts';
import { claimRuns } from '../runs/run-claims.ts';
import { RunFeeds } from '../runs/run-feed.ts';
import { readEvents, requestCancel, submitRun } from '../runs/run-store.ts';
import { RunWorker } from '../runs/run-worker.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { createAnswerHandler } from './answer-handler.ts';
import { readAnswerText } from './find-answer.ts';
import type { GenerationRequest, GeneratorChoice } from './ports.ts';

const BEGINNING = '年假共有';

/** Writes a beginning, then nothing more until it is told to stop. */
const stalls: GeneratorChoice = {
  name: 'stalls',
  contextTokens: 8_000,
  endpoints: () => [{ name: 'stalls', isUsable: true, lastError: null }],
  async generate({ signal }, onPart) {
    onPart({ type: 'text', text: BEGINNING });
    if (!signal.aborted) await once(signal, 'abort');
    signal.throwIfAborted();
  },
};

test('an answer that runs into its deadline keeps the text that was shown', async () => {
  await using service = await startService(stalls);
  const ended = await service.follow(await service.submit({ timeoutMs: 300 }));
  expect([ended.status, ended.failure?.code]).toEqual(['failed', 'run_deadline']);
  expect(await readAnswerText(service.ledger.read, ended)).toBe(BEGINNING);
});

test('an answer that is stopped keeps the text that was shown and the mode it was given in', async () => {
  await using service = await startService(stalls);
  const run = await service.submit();
  const ended = await service.follow(run, () =>
    service.ledger.transaction((tx) => requestCancel(tx, run.id, Date.now())),
  );
  expect(ended.status).toBe('cancelled');
  expect(await readAnswerText(service.ledger.read, ended)).toBe(BEGINNING);
  const log = await readEvents(service.ledger.read, run.id, 0, 100);
  expect(log.map((event) => event.type).slice(0, 3)).toEqual([
    'answer.searched',
    'answer.started',
    'answer.delta',
  ]);
  expect(log[1]?.payload).toEqual({ mode: 'full', modeReason: null, modeReasonCode: null });
});

test('a text that a model has begun is not continued with quotations when the model is gone after a restart', async () => {
  await using service = await startService(null);
  const ended = await service.follow(await service.submit({ begun: BEGINNING }));
  expect([ended.status, ended.result]).toMatchObject([
    'incomplete',
    { text: BEGINNING, incompleteReason: 'interrupted', modeReasonCode: 'model_changed' },
  ]);
});

test('the sampling that a question asks for reaches the model', async () => {
  const asked: Partial<GenerationRequest>[] = [];
  await using service = await startService({
    ...stalls,
    generate: async (request, onPart) => {
      asked.push(request);
      onPart({ type: 'end', reason: 'stop', usage: null });
    },
  });
  await service.follow(await service.submit({ input: { temperature: 0.3, topP: 0.5 } }));
  expect(asked).toMatchObject([{ temperature: 0.3, topP: 0.5 }]);
});

test("what a document's attributes say of its validity reaches the answer and its log", async () => {
  await using service = await startService(null, [
    hit('old', '员工的年假为7天，年假须在当年休完。', { status: 'superseded', effective_date: '2022-03-01' }),
    hit('new', '员工的年假为10天。', { status: 'in_force', effective_date: '2026-01-01' }),
  ]);
  const run = await service.submit({ input: { question: '员工的年假有几天？' } });
  const ended = await service.follow(run);
  expect(ended.result).toMatchObject({ text: expect.stringContaining('10天') });
  expect((ended.result as AnswerResult).text).not.toContain('7天');
  const [searched] = await readEvents(service.ledger.read, run.id, 0, 1);
  expect(searched?.payload).toMatchObject({
    passages: [
      { attributes: { status: 'superseded' }, standing: { state: 'withdrawn' }, lexical: 0.3 },
      { standing: { state: 'in-force', effectiveDate: '2026-01-01' } },
    ],
  });
});

test('a mark counts as a citation only for a passage that the model has seen', async () => {
  const text = '第一条 [1]。第二条 [2]。第四条 [4]。';
  await using service = await startService(
    {
      ...stalls,
      contextTokens: 2_000,
      generate: async (_request, onPart) => {
        onPart({ type: 'text', text });
        onPart({ type: 'end', reason: 'stop', usage: null });
      },
    },
    ['a', 'b', 'c', 'd'].map((id) => hit(id, `${id}：${'员工每年休年假。'.repeat(80)}`)),
  );
  const run = await service.submit();
  const { result } = await service.follow(run);
  const log = await readEvents(service.ledger.read, run.id, 0, 100);
  const started = log.find(({ type }) => type === 'answer.started');
  expect(started?.payload).toMatchObject({ mode: 'full', seenPassages: 2 });
  expect((result as AnswerResult).text).toBe(text);
  expect((result as AnswerResult).citations.map(({ passageNumber }) => passageNumber)).toEqual([1, 2]);
  expect(result).not.toHaveProperty('seenPassages');
});

function hit(documentId: string, text: string, attributes: RetrievedHit['attributes'] = {}): RetrievedHit {
  return {
    chunk: {
      id: `${documentId}#0`,
      documentId,
      ordinal: 0,
      text,
      headingPath: ['休假办法'],
      page: null,
      article: null,
      start: 0,
      end: text.length,
      tokens: text.length,
    },
    score: 0.9,
    coverage: 0.9,
    lexical: 0.3,
    knowledgeBaseId: 'kb',
    filename: `${documentId}.md`,
    attributes,
  };
}

async function startService(choice: GeneratorChoice | null, hits: RetrievedHit[] = []) {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-answers-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  const channel = new MemoryChannel();
  const retriever: Retriever = {
    retrieve: async () => ({ hits, knowledgeBaseIds: [], degraded: null }),
  } as unknown as Retriever;
  const handler = createAnswerHandler({
    ledger,
    retriever,
    generatorsFor: () => choice,
    settings: { passages: 4, maxOutputTokens: 100 },
  });
  const feeds = cleanup.use(new RunFeeds({ ledger, channel }));
  cleanup.use(new RunWorker({ ledger, channel, owner: 'worker', handlers: [handler as never] }));
  const owned = cleanup.move();
  return {
    ledger,
    submit: (options: AskOptions = {}) => submitAnswer(ledger, options),
    /** Follows the run to its end; `onText` is called once something is shown. */
    follow: (run: Run, onText: () => unknown = () => {}) =>
      new Promise<Run>((onEnd, onError) => {
        feeds.follow(run.id, {
          onEvents: (events) => {
            if (events.some((event) => event.type === 'answer.delta')) onText();
          },
          onEnd,
          onError,
        });
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface AskOptions {
  timeoutMs?: number;
  /** What a worker wrote before it died. */
  begun?: string;
  input?: Partial<AnswerInput>;
}

function submitAnswer(ledger: Ledger, options: AskOptions): Promise<Run> {
  const now = Date.now();
  const { begun, input, ...timeout } = options;
  return ledger.transaction(async (tx) => {
    const request = {
      kind: ANSWER_RUN,
      workspaceId: 'ws_test',
      input: { ...ANSWER_INPUT, ...input },
      ...timeout,
    };
    const { run } = await submitRun(tx, request, now);
    if (begun === undefined) return run;
    const lease = { owner: 'dead', kind: ANSWER_RUN, limit: 1, now, leaseUntil: now };
    const [claimed] = await claimRuns(tx, lease);
    const events = [{ type: 'answer.delta', payloadJson: JSON.stringify({ text: begun }), isDelta: true }];
    const append = { firstSeq: 1, events, firstProgress: true, finish: null, fence: null, isRetry: false };
    const appends = [{ runId: run.id, epoch: claimed?.epoch ?? 0, ...append }];
    await appendEvents(tx, 'dead', appends, now, { number: 1, spread: false });
    return run;
  });
}
