import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below those that the system gives to outgoing connections (32768 and up): one of these could take the port while its
 * server is away, as in a test that restarts it.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const MOST_TRIES = 100;

/** A port that nobody listens on, and that nobody but its owner will come by. */
export async function freePort(): Promise<number> {
  for (let count = 0; count < MOST_TRIES; count++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${FIRST_PORT} to ${LAST_PORT}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
