/** What a loaded service takes on, and how it refuses the rest. */
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { AnswerServer, answerInPieces, type Script } from '../support/answer-server.ts';
import { until } from '../support/until.ts';

const SLOTS = 4;
/** The slots, and as many more as may always wait. */
const LIMIT = 8;

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

describe('a service that has as much to do as it can do well', () => {
  it('refuses the next question with 503 and Retry-After, and answers again when there is room', async () => {
    const { server, open } = await busyServer();
    await fillWithStreams(server, LIMIT);
    const refused = await ask(server);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await refused.json()).toMatchObject({
      error: { code: 'overloaded', type: 'service_unavailable' },
    });
    const rows = await server.ledger.read.all('SELECT id FROM run');
    expect(rows.length, 'nothing is stored of what was refused').toBe(LIMIT);
    open();
    await until(async () => (await ask(server)).status === 200);
  });

  it("still takes the question of a workspace that has less than its share, up to the installation's end", async () => {
    const { server } = await busyServer();
    await fillWithStreams(server, LIMIT);
    expect((await ask(server)).status).toBe(503);
    expect((await ask(server, { key: 'key-carol', stream: true })).status).toBe(200);
    expect((await ask(server)).status).toBe(503);
  });

  it('gives the answer that exists to whoever asks again with the same Idempotency-Key', async () => {
    const { server } = await busyServer();
    const first = await ask(server, { stream: true, idempotencyKey: 'again' });
    await fillWithStreams(server, LIMIT - 1);
    expect((await ask(server)).status).toBe(503);
    const again = await ask(server, { stream: true, idempotencyKey: 'again' });
    expect(again.status).toBe(200);
    await Promise.all([first.body?.cancel(), again.body?.cancel()]);
  });

  it('takes a question for later, which gives way to those that somebody watches', async () => {
    const { server } = await busyServer();
    await fillWithStreams(server, LIMIT);
    const later = await ask(server, { background: true });
    expect(later.status).toBe(200);
    const { id } = (await later.json()) as { id: string };
    const row = await server.ledger.read.get<{ priority: number }>(
      'SELECT priority FROM run WHERE id = :id',
      { id },
    );
    expect(row?.priority).toBeLessThan(10);
  });

  it('is met by the official client as it meets an overloaded OpenAI: it waits and tries again', async () => {
    const { server, open } = await busyServer();
    await fillWithStreams(server, LIMIT);
    const client = new OpenAI({ apiKey: 'key-alice', baseURL: `${server.baseUrl}/v1`, maxRetries: 0 });
    const question = { model: 'budao', input: 'How much?' };
    await expect(client.responses.create(question)).rejects.toMatchObject({
      status: 503,
      code: 'overloaded',
    });
    setTimeout(open, 300);
    const patient = new OpenAI({ apiKey: 'key-alice', baseURL: `${server.baseUrl}/v1`, maxRetries: 10 });
    expect((await patient.responses.create(question)).output_text).toContain('15 days');
  });
});

describe('the limits of a workspace', () => {
  it('refuse with 429 the question that would wait behind too many of its own', async () => {
    const { server } = await busyServer(1_000);
    await limit(server, 'ws_one', { queued_answers: 2 });
    const conversation = (await (await post(server, '/v1/conversations', {})).json()) as { id: string };
    // Of one conversation one answer is written at a time: the others wait.
    for (let count = 0; count < 3; count++) {
      const reply = await ask(server, { background: true, conversation: conversation.id });
      expect(reply.status).toBe(200);
      if (count === 0) await until(async () => (await running(server)) === 1);
    }
    const refused = await ask(server, { background: true, conversation: conversation.id });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect(await refused.json()).toMatchObject({ error: { code: 'queue_full', type: 'rate_limit_error' } });
    expect((await ask(server, { key: 'key-carol', background: true })).status).toBe(200);
  });

  it('refuse the request after the last of the minute, say how many are left, and bind no session', async () => {
    const server = await AnswerServer.start(answerInPieces);
    cleanup.push(() => server[Symbol.asyncDispose]());
    await limit(server, 'ws_one', { requests_per_minute: 3 });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) {
      const reply = await server.fetch('/v1/models', { key: 'key-machine' });
      statuses.push(reply.status);
      expect(reply.headers.get('x-ratelimit-limit-requests')).toBe(count === 3 ? null : '3');
      if (count === 0) expect(reply.headers.get('x-ratelimit-remaining-requests')).toBe('2');
      const body = (await reply.json()) as object;
      if (count === 3)
        expect(body).toMatchObject({ error: { code: 'rate_limit_exceeded', type: 'rate_limit_error' } });
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect((await server.fetch('/v1/models')).status).toBe(200);
  });

  it('bind who has signed in too, each person for themselves, by a limit of its own', async () => {
    const server = await AnswerServer.start(answerInPieces);
    cleanup.push(() => server[Symbol.asyncDispose]());
    await limit(server, 'ws_one', { session_requests_per_minute: 2 });
    const statusOf = async (key: string) => (await server.fetch('/v1/models', { key })).status;
    for (const expected of [200, 200, 429]) expect(await statusOf('key-alice')).toBe(expected);
    for (const key of ['key-bob', 'key-machine', 'key-carol']) expect(await statusOf(key)).toBe(200);
  });
});

/** Its answers begin, and end when the returned function was called. */
async function busyServer(answerSlots = SLOTS): Promise<{ server: AnswerServer; open: () => void }> {
  const gate = Promise.withResolvers<void>();
  const script: Script = async (context) => {
    await Promise.race([
      gate.promise,
      new Promise((_, reject) =>
        context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
      ),
    ]);
    return answerInPieces(context);
  };
  const server = await AnswerServer.start(script, {
    capacity: async () => ({ answerSlots, apiProcesses: 1 }),
  });
  cleanup.push(
    () => server[Symbol.asyncDispose](),
    async () => gate.resolve(),
  );
  return { server, open: gate.resolve };
}

async function fillWithStreams(server: AnswerServer, count: number): Promise<void> {
  const bodies = await Promise.all(Array.from({ length: count }, () => ask(server, { stream: true })));
  expect(bodies.map((body) => body.status)).toEqual(Array(count).fill(200));
  cleanup.push(async () => {
    for (const reply of bodies) await reply.body?.cancel().catch(() => {});
  });
}

interface Question {
  key?: string;
  stream?: boolean;
  background?: boolean;
  conversation?: string;
  idempotencyKey?: string;
}

function ask(server: AnswerServer, { key, idempotencyKey, ...fields }: Question = {}): Promise<Response> {
  return server.fetch('/v1/responses', {
    json: { model: 'budao', input: 'How much?', ...fields },
    ...(key === undefined ? {} : { key }),
    ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
  });
}

function post(server: AnswerServer, path: string, json: unknown): Promise<Response> {
  return server.fetch(path, { json });
}

async function running(server: AnswerServer): Promise<number> {
  const rows = await server.ledger.read.all(`SELECT id FROM run WHERE status = 'running'`);
  return rows.length;
}

async function limit(
  server: AnswerServer,
  workspaceId: string,
  limits: Record<string, number>,
): Promise<void> {
  await server.ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO workspace (id, name, settings, created_at) VALUES (:id, :id, :settings, 0)
       ON CONFLICT (id) DO UPDATE SET settings = :settings`,
      { id: workspaceId, settings: JSON.stringify({ limits }) },
    ),
  );
}
