/** A booted HTTP server on the real ledger and kernel, with a worker that answers by script. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import OpenAI from 'openai';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Access } from '../../src/access/access.ts';
import type { Principal } from '../../src/access/principal.ts';
import type { AnswerInput, AnswerPassage, AnswerResult, DeclaredMode } from '../../src/contract/answer.ts';
import { BudaoError } from '../../src/contract/errors.ts';
import { Meter } from '../../src/health/signals/meter.ts';
import type { HttpDependencies } from '../../src/http/dependencies.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { LedgerWatch } from '../../src/ledger/memory/ledger-watch.ts';
import type { RunContext, RunHandler, RunOutcome } from '../../src/runs/run.ts';
import { RunClient } from '../../src/runs/run-client.ts';
import { RunFeeds } from '../../src/runs/run-feed.ts';
import { RunWorker } from '../../src/runs/run-worker.ts';
import { MemoryChannel } from '../../src/stores/channel/memory-channel.ts';
import { openSqliteLedger } from '../../src/stores/ledger/sqlite-ledger.ts';

export const PASSAGE: AnswerPassage = {
  number: 1,
  chunkId: 'chunk_1',
  documentId: 'file_leave',
  knowledgeBaseId: 'vs_handbook',
  filename: 'leave.md',
  score: 0.9,
  text: 'Staff have 15 days of leave.',
  headingPath: ['Leave'],
  page: null,
  article: null,
  start: 10,
  end: 38,
};

export const FULL: DeclaredMode = { mode: 'full', modeReason: null, modeReasonCode: null };

/** What the worker does with a question; the default answers with one citation in three pieces. */
export type Script = (context: RunContext<AnswerInput>) => Promise<RunOutcome>;

export const answerInPieces: Script = async (context) => {
  await context.emit('answer.started', FULL);
  const knowledgeBaseIds = [PASSAGE.knowledgeBaseId];
  await context.emit('answer.searched', {
    query: context.input.question,
    passages: [PASSAGE],
    knowledgeBaseIds,
    degraded: null,
  });
  if (context.input.question.includes('think'))
    await context.emit('answer.reasoning', { text: 'Let me see. ' });
  const text = `You asked: ${context.input.question}. 15 days [1].`;
  const third = Math.ceil(text.length / 3);
  for (let at = 0; at < text.length; at += third) {
    await context.emit('answer.delta', { text: text.slice(at, at + third) });
  }
  return finishAnswer(context, text);
};

export async function finishAnswer(context: RunContext<AnswerInput>, text: string): Promise<RunOutcome> {
  const index = text.indexOf('[1]');
  const { chunkId, documentId, knowledgeBaseId, filename, headingPath, page, article, start, end } = PASSAGE;
  const result: AnswerResult = {
    status: 'completed',
    incompleteReason: null,
    text,
    reasoning: '',
    ...FULL,
    endpoint: 'test-model',
    declined: false,
    citations:
      index === -1
        ? []
        : [
            {
              index,
              endIndex: index + 3,
              passageNumber: 1,
              quote: PASSAGE.text,
              chunkId,
              documentId,
              knowledgeBaseId,
              filename,
              headingPath,
              page,
              article,
              start,
              end,
            },
          ],
    usage: { inputTokens: 100, outputTokens: 20 },
  };
  await context.emit('answer.finished', result);
  return { status: 'completed', result };
}

export const PRINCIPALS: Readonly<Record<string, Principal>> = {
  'key-alice': {
    accountId: 'user_alice',
    keyId: null,
    workspaceId: 'ws_one',
    role: 'owner',
    isOperator: false,
    kind: 'key',
  },
  'key-bob': {
    accountId: 'user_bob',
    keyId: null,
    workspaceId: 'ws_one',
    role: 'reader',
    isOperator: false,
    kind: 'key',
  },
  'key-machine': {
    accountId: null,
    keyId: 'key_machine',
    workspaceId: 'ws_one',
    role: 'reader',
    isOperator: false,
    kind: 'key',
  },
  'key-carol': {
    accountId: 'user_carol',
    keyId: null,
    workspaceId: 'ws_two',
    role: 'owner',
    isOperator: false,
    kind: 'key',
  },
};

/** Stands in for the real sign-in: a key of the table above. */
const access = {
  authenticate: async (headers: Readonly<Record<string, string | string[] | undefined>>) => {
    const principal = PRINCIPALS[String(headers['authorization']).replace('Bearer ', '')];
    if (principal === undefined) throw new BudaoError('unauthenticated', 'invalid_api_key', 'Wrong key.');
    return principal;
  },
} as unknown as Access;

export class AnswerServer implements AsyncDisposable {
  readonly app: FastifyInstance;
  readonly ledger: Ledger;
  readonly channel: MemoryChannel;
  readonly baseUrl: string;
  readonly #cleanup: AsyncDisposableStack;

  constructor(parts: {
    app: FastifyInstance;
    ledger: Ledger;
    channel: MemoryChannel;
    baseUrl: string;
    cleanup: AsyncDisposableStack;
  }) {
    this.app = parts.app;
    this.ledger = parts.ledger;
    this.channel = parts.channel;
    this.baseUrl = parts.baseUrl;
    this.#cleanup = parts.cleanup;
  }

  static async start(
    script: Script = answerInPieces,
    overrides: Partial<HttpDependencies> = {},
  ): Promise<AnswerServer> {
    await using cleanup = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'budao-http-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.sqlite') }));
    await addKnowledgeBase(ledger);
    const channel = cleanup.use(new MemoryChannel());
    const feeds = cleanup.use(new RunFeeds({ ledger, channel }));
    const handler: RunHandler<AnswerInput> = { kind: 'answer', concurrency: 100, handle: script };
    cleanup.use(
      new RunWorker({ ledger, channel, owner: 'worker-1', handlers: [handler as RunHandler<never>] }),
    );
    const app = await createHttpServer({
      version: '0.0.0',
      logger: pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
      ledger,
      feeds,
      outage: new LedgerWatch(),
      streamPatienceMs: 30_000,
      runs: new RunClient(channel),
      generatorNames: ['test-model'],
      embedder: null,
      checks: [{ name: 'ledger', isRequired: true, check: async () => undefined }],
      metrics: new Registry(),
      meter: new Meter(),
      capacity: async () => ({ answerSlots: 100, apiProcesses: 1 }),
      status: async () => ({ startedAt: 0, mode: 'full', processes: [] }),
      access,
      routes: [],
      trustedProxies: [],
      consoleFolder: null,
      ...overrides,
    });
    cleanup.defer(() => app.close());
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    return new AnswerServer({
      app,
      ledger,
      channel,
      baseUrl: `http://127.0.0.1:${port}`,
      cleanup: cleanup.move(),
    });
  }

  client(apiKey = 'key-alice'): OpenAI {
    return new OpenAI({ apiKey, baseURL: `${this.baseUrl}/v1`, maxRetries: 0 });
  }

  fetch(path: string, init: RequestInit & { key?: string; json?: unknown } = {}): Promise<Response> {
    const { key = 'key-alice', json, ...rest } = init;
    return fetch(`${this.baseUrl}${path}`, {
      ...rest,
      ...(json === undefined ? {} : { method: rest.method ?? 'POST', body: JSON.stringify(json) }),
      headers: {
        authorization: `Bearer ${key}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...rest.headers,
      },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.disposeAsync();
  }
}

async function addKnowledgeBase(ledger: Ledger): Promise<void> {
  await ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO knowledge_base (id, workspace_id, name, description, is_default, generation, next_generation,
         metadata, created_at, active_at, expires_after, deleted_at)
       VALUES ('vs_handbook', 'ws_one', 'Handbook', NULL, 1, '{}', NULL, '{}', 0, 0, NULL, NULL)`,
    ),
  );
}
