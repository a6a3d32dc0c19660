import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../tests/support/postgres-server.ts';
import { until } from '../../tests/support/until.ts';
import { rewriting } from '../runs/conformance/broken-engines.suite.ts';
import { claimRuns } from '../runs/run-claims.ts';
import { getRun, submitRun } from '../runs/run-store.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openPostgresLedger, type PostgresLedger } from '../stores/ledger/postgres-ledger.ts';
import { SessionWatch } from './session-watch.ts';

const TIMEOUT_MS = 600_000;
/** Longer than any test: nothing is released because its time is over. */
const LEASE_MS = 50_000;

let server: PostgresServer;
let cleanup: AsyncDisposableStack;
let ledger: PostgresLedger;
let database: string;
let looks: number;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  database = await server.createLedger();
  ledger = cleanup.use(await openPostgresLedger({ url: server.url(database) }));
  const channel = cleanup.use(new MemoryChannel());
  const onError = (error: unknown): void => console.error(error);
  looks = 0;
  const counted = rewriting(ledger, (statement) => {
    looks += 1;
    return statement;
  });
  cleanup.use(new SessionWatch({ ledger: counted, channel, onDeath: () => {}, onError }));
});
afterEach(() => cleanup.disposeAsync());

async function runHeldBy(owner: string): Promise<string> {
  const now = ledger.now();
  const request = { kind: 'work', workspaceId: 'ws', input: {}, timeoutMs: TIMEOUT_MS };
  const { run } = await ledger.transaction((tx) => submitRun(tx, request, now));
  const claim = { owner, kind: 'work', limit: 1, now, leaseUntil: now + LEASE_MS };
  await ledger.transaction((tx) => claimRuns(tx, claim));
  return run.id;
}

async function sessionOf(owner: string): Promise<Client> {
  const client = new Client({ connectionString: server.url(database), application_name: owner });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** As a process does with the database's clock. */
function keepTalking(client: Client): NodeJS.Timeout {
  const timer = setInterval(() => void client.query('SELECT 1').catch(() => {}), 300);
  cleanup.defer(() => clearInterval(timer));
  return timer;
}

async function untilSeen(): Promise<void> {
  const before = looks;
  await until(() => looks > before + 2);
}

async function ownerOf(runId: string): Promise<string | null> {
  return (await getRun(ledger.read, runId))?.owner ?? null;
}

test('a killed process is noticed though a session that was cut off is still open on the server', async () => {
  const runId = await runHeldBy('worker');
  const cutOff = await sessionOf('worker');
  cleanup.defer(() => cutOff.end());
  const living = await sessionOf('worker');
  const talking = keepTalking(living);
  const quietFor = `SELECT extract(epoch FROM clock_timestamp() - max(state_change)) AS seconds
    FROM pg_stat_activity WHERE application_name = 'worker' AND query NOT LIKE 'SELECT 1'`;
  await until(async () => Number((await server.query(database, quietFor))[0]?.seconds) > 4);
  await untilSeen();
  expect(await ownerOf(runId)).toBe('worker');
  clearInterval(talking);
  await living.end();
  await until(async () => (await ownerOf(runId)) === null);
});

test('a process whose sessions nobody can tell by their name keeps its runs', async () => {
  const nameless = await runHeldBy('nameless');
  const named = await runHeldBy('named');
  const living = await sessionOf('named');
  keepTalking(living);
  await untilSeen();
  await living.end();
  await until(async () => (await ownerOf(named)) === null);
  expect(await ownerOf(nameless)).toBe('nameless');
});
