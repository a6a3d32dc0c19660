import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startRedis } from '../support/redis-server.ts';
import type { EngineCase } from './engine-case.ts';

export const CHANNEL_CASES: readonly EngineCase[] = [
  {
    name: 'a Redis that was emptied',
    provoke: async (stage) => {
      await stage.redis.command(['FLUSHALL']);
      await stage.redis.restartEmpty();
      return async () => {};
    },
    check: null,
    asking: null,
    uploading: null,
    isReady: true,
  },
  {
    name: 'a Redis that is a read-only replica',
    provoke: async (stage) => {
      const other = await startRedis();
      await stage.redis.becomeReplicaOf(other.port);
      stage.channel.cut();
      return async () => {
        await stage.redis.becomePrimary();
        await other[Symbol.asyncDispose]();
      };
    },
    check: { kind: 'channel', says: /read-only replica.*primary's address/ },
    asking: null,
    uploading: null,
    isReady: true,
    readiness: /\[-\]channel failed \(not required\): .*read-only replica/,
    log: /the live channel is away.*read-only replica/,
  },
  {
    name: 'a web server in the place of Redis',
    provoke: async (stage) => {
      const server = createServer((_, response) => response.end('hello'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      stage.channel.leadTo((server.address() as AddressInfo).port);
      return async () => {
        stage.channel.leadTo(stage.redis.port);
        server.closeAllConnections();
        server.close();
      };
    },
    check: { kind: 'channel', says: /neither Redis nor Valkey/ },
    asking: null,
    uploading: null,
    isReady: true,
    readiness: /\[-\]channel failed \(not required\): .*neither Redis nor Valkey/,
  },
  {
    name: 'a PostgreSQL in the place of Redis',
    provoke: async (stage) => {
      stage.channel.leadTo(stage.postgres.port);
      return async () => stage.channel.leadTo(stage.redis.port);
    },
    check: { kind: 'channel', says: /neither Redis nor Valkey|cannot be reached/ },
    asking: null,
    uploading: null,
    isReady: true,
    readiness: /\[-\]channel failed \(not required\)/,
  },
];
