import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../tests/support/postgres-server.ts';
import { until } from '../../tests/support/until.ts';

const MODULES = fileURLToPath(new URL('..', import.meta.url));

/** Stands still once its sockets are closed, as a process does that the system takes apart. */
function dying(peer: { port: number }, database: string): string {
  return `
    import { connect, createServer } from 'node:net';
    import { closeSockets, watchSockets } from '${MODULES}/system/open-sockets.ts';
    import { openPostgresLedger } from '${MODULES}/stores/ledger/postgres-ledger.ts';
    watchSockets();
    const ledger = await openPostgresLedger({ url: '${database}' });
    connect(${peer.port}, '127.0.0.1').on('error', () => {});
    const server = createServer((socket) => {
      socket.on('error', () => {});
      console.log('connected');
      process.once('message', () => {
        closeSockets();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });
    });
    server.listen(0, '127.0.0.1', () => process.send(server.address().port));`;
}

async function sessions(server: PostgresServer, database: string): Promise<number> {
  const query = `SELECT pid FROM pg_stat_activity WHERE application_name = 'dying'`;
  return (await server.query(database, query)).length;
}

test('those who wait for a process that dies know at once, though it is not gone yet', async () => {
  await using server = await startPostgres();
  const database = await server.createLedger();
  const peer = createServer();
  onTestFinished(() => void peer.close());
  const met = once(peer, 'connection');
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  const { port } = peer.address() as { port: number };
  const url = `${server.url(database)}${server.url(database).includes('?') ? '&' : '?'}application_name=dying`;
  const script = ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', dying({ port }, url)];
  const child = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [[own], [client]] = (await Promise.all([once(child, 'message'), met])) as [[number], [Socket]];
  const caller = connect(own, '127.0.0.1');
  for (const socket of [client, caller]) socket.on('error', () => {}).resume();
  await once(child.stdout as Readable, 'data');
  expect(await sessions(server, database)).toBeGreaterThan(0);
  const closed = Promise.all([once(client, 'close'), once(caller, 'close')]);
  child.send('die');
  await closed;
  await until(async () => (await sessions(server, database)) === 0);
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
});
