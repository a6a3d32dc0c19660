import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SocketChannel } from './socket-channel.ts';
import { SocketHub } from './socket-hub.ts';

let folder: string;
let long: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-hub-test-'));
  long = join(folder, 'x'.repeat(100));
  await mkdir(long);
});
afterEach(() => rm(folder, { recursive: true }));

/** Two processes' ends of the hub find one another. */
async function expectPasses(path: string): Promise<void> {
  await using speaker = new SocketChannel(path);
  await using listener = new SocketChannel(path);
  const heard: string[] = [];
  listener.subscribe('topic', (message) => heard.push(message));
  await vi.waitFor(
    () => {
      speaker.publish('topic', 'hello');
      expect(heard).toContain('hello');
    },
    { timeout: 20_000, interval: 20 },
  );
}

it('listens in a private folder where the path is too long for a socket, and leaves nothing behind', async () => {
  const path = join(long, 'hub.sock');
  const hub = await SocketHub.listen(path);
  const privateFolder = dirname(await readlink(path));
  const { mode, uid } = await lstat(privateFolder);
  expect(mode & 0o777).toBe(0o700);
  expect(uid).toBe(process.getuid?.());
  await expectPasses(path);
  await hub[Symbol.asyncDispose]();
  expect(existsSync(privateFolder)).toBe(false);
  expect(await readdir(long)).toEqual([]);
});

it('takes away what a killed hub left behind', async () => {
  const path = join(long, 'hub.sock');
  const left = await mkdtemp(join(tmpdir(), 'budao-hub-'));
  await symlink(join(left, 'hub.sock'), path);
  await using _hub = await SocketHub.listen(path);
  expect(existsSync(left)).toBe(false);
  await expectPasses(path);
});

it('does not talk to a hub in a folder that others may write to', async () => {
  const open = await mkdtemp(join(tmpdir(), 'budao-hub-'));
  await chmod(open, 0o777);
  let connections = 0;
  const stranger = createServer(() => void (connections += 1)).listen(join(open, 'hub.sock'));
  await once(stranger, 'listening');
  const path = join(long, 'hub.sock');
  await symlink(join(open, 'hub.sock'), path);
  const channel = new SocketChannel(path);
  // Once the folder is private the same channel comes by itself: it had only been waiting.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(connections).toBe(0);
  await chmod(open, 0o700);
  await vi.waitFor(() => expect(connections).toBe(1), 30_000);
  await channel[Symbol.asyncDispose]();
  stranger.close();
  await rm(open, { recursive: true });
});

it.each(['short', 'long'])('comes back when its socket was tidied away, at a %s path', async (kind) => {
  const path = join(kind === 'short' ? folder : long, 'hub.sock');
  await using _hub = await SocketHub.listen(path, { checkIntervalMs: 20 });
  if (kind === 'short') await rm(path);
  else await rm(dirname(await readlink(path)), { recursive: true });
  await expectPasses(path);
});
