/** A fresh live channel of each kind, on real servers, for the suites that every adapter passes. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { Channel } from '../../src/runs/channel.ts';
import type { ChannelSystem } from '../../src/stores/channel/channel.suite.ts';
import { MemoryChannel } from '../../src/stores/channel/memory-channel.ts';
import { openNotifyChannel } from '../../src/stores/channel/notify-channel.ts';
import type { ChannelObserver } from '../../src/stores/channel/peer-transport.ts';
import { openRedisChannel } from '../../src/stores/channel/redis-channel.ts';
import { SocketChannel } from '../../src/stores/channel/socket-channel.ts';
import { SocketHub } from '../../src/stores/channel/socket-hub.ts';
import type { RedisServer } from './redis-server.ts';

export function memorySystem(): ChannelSystem {
  const [ours, theirs] = [new MemoryChannel(), new MemoryChannel()];
  return {
    join: async () => shareOf(ours),
    joinOther: async () => shareOf(theirs),
    hintsOnly: false,
    async [Symbol.asyncDispose]() {},
  };
}

export async function socketSystem(): Promise<ChannelSystem> {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-channel-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const [ours, theirs] = [join(folder, 'ours.sock'), join(folder, 'theirs.sock')];
  for (const path of [ours, theirs]) cleanup.use(await SocketHub.listen(path));
  return {
    join: async () => cleanup.use(new SocketChannel(ours)),
    joinOther: async () => cleanup.use(new SocketChannel(theirs)),
    hintsOnly: false,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

export function redisSystem(server: RedisServer): ChannelSystem {
  return peerSystem(false, (installationId, onState) =>
    openRedisChannel({ url: server.url, installationId, onState }),
  );
}

/** `ledger` is in the database that `url` names. */
export function notifySystem(url: string, ledger: Ledger): ChannelSystem {
  return peerSystem(true, (installationId, onState) =>
    openNotifyChannel({ url, sql: ledger.read, installationId, onState }),
  );
}

function peerSystem(
  hintsOnly: boolean,
  open: (installationId: string, onState: ChannelObserver) => Channel,
): ChannelSystem {
  const cleanup = new AsyncDisposableStack();
  const [ours, theirs] = [randomUUID(), randomUUID()];
  return {
    join: async () => cleanup.use(await opened(open, ours)),
    joinOther: async () => cleanup.use(await opened(open, theirs)),
    hintsOnly,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

/** Resolves when the channel is up. */
function opened(
  open: (installationId: string, onState: ChannelObserver) => Channel,
  installationId: string,
): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const channel = open(installationId, (state, reason) => {
      if (state === 'up') resolve(channel);
      else reject(reason as Error);
    });
  });
}

/** What one process has of a channel: it takes only its own subscriptions with it. */
function shareOf(channel: Channel): Channel {
  const ends: (() => void)[] = [];
  return {
    publish: (topic, message) => channel.publish(topic, message),
    publishToOne: (topic, message) => channel.publishToOne(topic, message),
    subscribe(topic, listener) {
      const end = channel.subscribe(topic, listener);
      ends.push(end);
      return end;
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) end();
    },
  };
}
