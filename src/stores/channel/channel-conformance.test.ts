import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  memorySystem,
  notifySystem,
  redisSystem,
  socketSystem,
} from '../../../tests/support/channel-systems.ts';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { type RedisServer, startRedis } from '../../../tests/support/redis-server.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { openPostgresLedger } from '../ledger/postgres-ledger.ts';
import { breakChannel, brokenChannels } from './broken-channels.suite.ts';
import { type ChannelSystem, channelConformance } from './channel.suite.ts';

let redis: RedisServer;
let postgres: PostgresServer;
let postgresUrl: string;
let ledger: Ledger;
beforeAll(async () => {
  [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  postgresUrl = postgres.url(await postgres.createLedger());
  ledger = await openPostgresLedger({ url: postgresUrl });
});
afterAll(async () => {
  await ledger?.[Symbol.asyncDispose]();
  await Promise.all([redis?.[Symbol.asyncDispose](), postgres?.[Symbol.asyncDispose]()]);
});

const adapters: readonly [string, () => ChannelSystem | Promise<ChannelSystem>][] = [
  ['the memory of one process', memorySystem],
  ['the socket hub', socketSystem],
  ['Redis', () => redisSystem(redis)],
  ['NOTIFY', () => notifySystem(postgresUrl, ledger)],
];

for (const [name, freshSystem] of adapters) {
  describe(`the live channel over ${name}`, () => {
    for (const check of channelConformance) {
      test(check.name, async () => {
        await using system = await freshSystem();
        await check.run(system);
      });
    }
  });
}

describe('the suite notices a broken channel', () => {
  for (const [name, checkName, breaking] of brokenChannels) {
    test(name, async () => {
      const check = channelConformance.find((one) => checkName.test(one.name));
      expect(check).toBeDefined();
      await using system = redisSystem(redis);
      const broken = { ...system, join: async () => breakChannel(await system.join(), breaking) };
      await expect(check?.run(broken as ChannelSystem)).rejects.toThrow();
    });
  }

  test('installations that hear one another', async () => {
    const check = channelConformance.find((one) => /two installations/.test(one.name));
    await using system = redisSystem(redis);
    await expect(check?.run({ ...system, joinOther: () => system.join() })).rejects.toThrow();
  });
});
