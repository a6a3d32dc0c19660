import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { notifySystem, redisSystem } from '../../../tests/support/channel-systems.ts';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { type RedisServer, startRedis } from '../../../tests/support/redis-server.ts';
import type { Channel } from '../../runs/channel.ts';
import type { RunSystem } from '../../runs/conformance/run-checks-harness.suite.ts';
import { runConformance } from '../../runs/run-conformance.suite.ts';
import { openPostgresLedger } from '../ledger/postgres-ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite-ledger.ts';
import type { ChannelSystem } from './channel.suite.ts';

let redis: RedisServer;
let postgres: PostgresServer;
beforeAll(async () => {
  [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
});
afterAll(() => Promise.all([redis?.[Symbol.asyncDispose](), postgres?.[Symbol.asyncDispose]()]));

async function sqliteAndRedis(): Promise<RunSystem> {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-runs-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  const channel = await acrossProcesses(cleanup.use(redisSystem(redis)));
  return { ledger, channel, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

async function postgresAndNotify(): Promise<RunSystem> {
  const cleanup = new AsyncDisposableStack();
  const url = postgres.url(await postgres.createLedger());
  const ledger = cleanup.use(await openPostgresLedger({ url }));
  const channel = await acrossProcesses(cleanup.use(notifySystem(url, ledger)));
  return { ledger, channel, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

/** What is said comes from one process and is heard in another: nothing takes the short way. */
async function acrossProcesses(system: ChannelSystem): Promise<Channel> {
  const [speaker, listener] = [await system.join(), await system.join()];
  return {
    publish: (topic, message) => speaker.publish(topic, message),
    publishToOne: (topic, message) => speaker.publishToOne(topic, message),
    subscribe: (topic, heard) => listener.subscribe(topic, heard),
    async [Symbol.asyncDispose]() {},
  };
}

describe.each([
  ['SQLite and Redis', sqliteAndRedis],
  ['PostgreSQL and NOTIFY', postgresAndNotify],
])('runs on %s', (_, freshSystem) => {
  for (const check of runConformance) {
    test(check.name, async () => {
      await using system = await freshSystem();
      await check.run(system);
    });
  }
});
