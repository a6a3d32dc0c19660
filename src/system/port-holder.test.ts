import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { describePortHolder } from './port-holder.ts';

it.runIf(process.platform === 'linux')('names the program that has a port, and its process', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const name = readFileSync('/proc/self/comm', 'utf8').trim();
  expect(describePortHolder(port)).toBe(`${name} (process ${process.pid})`);
  server.close();
  await once(server, 'close');
  expect(describePortHolder(port)).toBe('another program');
});
