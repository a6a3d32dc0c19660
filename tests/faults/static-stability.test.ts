/** The ledger goes away under load, and comes back: what each kind of client gets meanwhile. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKENS = 80;
const ANSWER = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');
const SEEN_BEFORE = 10;
/** Each process has ten connections, one for the clock and one for hints. */
const MAX_SESSIONS = 3 * 12;

let folder: string;
let database: PostgresServer;
let ledger: string;
let upstream: Upstream;
let service: Service;
let client: OpenAI;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'budao-stability-'));
  mkdirSync(join(folder, 'shared'));
  writeFileSync(join(folder, 'key'), Buffer.alloc(32, 7), { mode: 0o600 });
  writeFileSync(join(folder, 'budao.yaml'), 'outage:\n  streamPatienceMs: 6000\n');
  upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 20 });
  database = await startPostgres();
  ledger = await database.createLedger();
  service = await Service.start({
    environment: {
      BUDAO_CONFIG: join(folder, 'budao.yaml'),
      BUDAO_LEDGER_URL: `${database.url(ledger)}?sslmode=disable`,
      BUDAO_BLOBS_FOLDER: join(folder, 'shared', 'blobs'),
      BUDAO_INDEX_FOLDER: join(folder, 'shared', 'index'),
      BUDAO_SECRET_KEY_FILE: join(folder, 'key'),
      BUDAO_MODEL_BASE_URL: upstream.url,
      BUDAO_MODEL_NAME: 'numbers',
      BUDAO_WORKERS: '1',
    },
  });
  client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: service.apiKey, maxRetries: 0 });
});

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test('with the database gone, what was read is read on and says so, the rest is refused by name, and all comes back', async () => {
  const store = await client.vectorStores.create({ name: '制度' });
  const upload = new File(['# 休假\n\n员工每年享有十天年假。\n'], 'leave.md');
  const file = await client.vectorStores.files.uploadAndPoll(store.id, upload, { pollIntervalMs: 100 });
  const conversation = await client.conversations.create();
  await client.responses.create({ model: 'extractive', input: '年假几天？', conversation: conversation.id });
  const search = (query: string): Promise<Response> =>
    service.request('POST', `/v1/vector_stores/${store.id}/search`, { query });
  expect(await (await search('年假')).text()).toContain('十天年假');
  const reads = [
    '/v1/files',
    `/v1/files/${file.id}`,
    `/v1/files/${file.id}/text`,
    `/v1/vector_stores/${store.id}`,
    '/v1/conversations',
    `/v1/conversations/${conversation.id}/items`,
  ];
  const read = (path: string): Promise<Response> => service.request('GET', path);
  const before = new Map<string, string>();
  for (const path of reads) before.set(path, await (await read(path)).text());
  const stream = follow(await client.responses.create({ input: 'count', stream: true }));
  await until(() => stream.seen.text.split(' ').length > SEEN_BEFORE);

  await database.kill();
  await until(async () => (await read('/v1/files')).headers.get('x-budao-served-from') === 'memory');
  for (const path of reads) {
    const reply = await read(path);
    expect([path, reply.status, reply.headers.get('x-budao-served-from')]).toEqual([path, 200, 'memory']);
    expect(Number(reply.headers.get('age'))).toBeGreaterThan(0);
    expect(await reply.text()).toBe(before.get(path));
  }
  // In other words than before: the search itself goes on, not only its old results.
  const found = await search('员工享有几天的假期');
  expect([found.status, found.headers.get('x-budao-served-from')]).toEqual([200, 'memory']);
  expect(await found.text()).toContain('十天年假');

  for (const [method, path, body] of [
    ['POST', '/v1/responses', { input: 'x' }],
    ['POST', '/v1/conversations', {}],
    ['DELETE', `/v1/files/${file.id}`, undefined],
    ['GET', '/v1/files/file_never_read', undefined],
  ] as const) {
    const refused = await service.request(method, path, body);
    expect([method, path, refused.status]).toEqual([method, path, 503]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { code: 'ledger_unavailable' } });
  }
  const stranger = await fetch(`${service.url}/v1/files`, {
    headers: { authorization: 'Bearer bdk_nobody_knows_this_one_0123' },
  });
  expect(stranger.status).toBe(503);
  const ready = await fetch(`${service.url}/readyz?verbose`);
  expect(ready.status).toBe(503);
  const said = await ready.text();
  expect(said).toContain('[-]ledger failed');
  expect(said).toMatch(/reading from memory \(the ledger is away\): for \d+ s more/);
  expect((await fetch(`${service.url}/livez`)).status).toBe(200);

  // An unmodified client hears by name that its stream ends here, and where to go on.
  const broken = await stream.ended;
  expect(broken).toBeInstanceOf(OpenAI.APIError);
  expect(broken).toMatchObject({
    code: 'ledger_unavailable',
    error: { sequence_number: stream.seen.last, response_id: stream.seen.id },
  });

  await database.start();
  await until(() => service.isReady());
  const resumed = follow(
    await client.responses.retrieve(stream.seen.id, { stream: true, starting_after: stream.seen.last }),
  );
  expect(await resumed.ended).toBeNull();
  expect(stream.seen.text + resumed.seen.text).toBe(ANSWER);
  expect(resumed.seen.first).toBe(stream.seen.last + 1);
  expect((await read('/v1/files')).headers.get('x-budao-served-from')).toBeNull();
  const sessions = await database.query(
    ledger,
    'SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database()',
  );
  expect(Number(sessions[0]?.count)).toBeLessThan(MAX_SESSIONS);
});

interface Seen {
  id: string;
  text: string;
  first: number;
  last: number;
}

/** Reads a stream in the background. `ended` gives what broke it, or null. */
function follow(events: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>): {
  seen: Seen;
  ended: Promise<unknown>;
} {
  const seen: Seen = { id: '', text: '', first: -1, last: -1 };
  const run = async (): Promise<null> => {
    for await (const event of events) {
      if (seen.first === -1) seen.first = event.sequence_number;
      seen.last = event.sequence_number;
      if (event.type === 'response.created') seen.id = event.response.id;
      if (event.type === 'response.output_text.delta') seen.text += event.delta;
    }
    return null;
  };
  return { seen, ended: run().catch((error: unknown) => error) };
}
