import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SocketChannel } from './socket-channel.ts';

test('a hub that reads nothing does not fill the memory of those who publish', async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-channel-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  let connections = 0;
  const frozenHub = createServer({ pauseOnConnect: true }, (socket) => {
    connections += 1;
    socket.on('error', () => {});
    cleanup.defer(() => void socket.destroy());
  });
  cleanup.defer(() => void frozenHub.close());
  await new Promise<void>((resolve) => frozenHub.listen(join(folder, 'hub.sock'), resolve));
  const channel = cleanup.use(new SocketChannel(join(folder, 'hub.sock')));
  const message = 'x'.repeat(1024 * 1024);
  // A connection that holds too much is given up, and with it what waited there.
  for (let turn = 0; turn < 200 && connections < 2; turn++) {
    channel.publish('run:1', message);
    await nextTurn();
  }
  expect(connections).toBe(2);
});
