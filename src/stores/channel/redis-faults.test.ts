import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { followThrough } from '../../../tests/support/follow-through.ts';
import { type RedisServer, startRedis } from '../../../tests/support/redis-server.ts';
import { until } from '../../../tests/support/until.ts';
import type { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Channel } from '../../runs/channel.ts';
import { openSqliteLedger } from '../ledger/sqlite-ledger.ts';
import type { PeerChannel } from './peer-channel.ts';
import { openRedisChannel, probeRedis, type RedisChannelOptions } from './redis-channel.ts';

let cleanup: AsyncDisposableStack;
let folder: string;
let ledger: Ledger;
beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'budao-redis-faults-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
});
afterEach(() => cleanup.disposeAsync());

/** A channel, and what its observer has heard. */
class Observed {
  readonly states: { up: boolean; reason: BudaoError | null }[] = [];
  readonly channel: PeerChannel;

  constructor(options: Omit<RedisChannelOptions, 'installationId' | 'onState'>) {
    this.channel = openRedisChannel({
      ...options,
      installationId: 'test',
      onState: (state, reason) => this.states.push({ up: state === 'up', reason }),
    });
    cleanup.use(this.channel);
  }

  get isUp(): boolean {
    return this.states.at(-1)?.up ?? false;
  }

  get complaint(): string {
    const { reason } = this.states.at(-1) ?? { reason: null };
    return reason === null ? '' : `${reason.code}: ${reason.message}`;
  }
}

async function observe(url: string): Promise<[Observed, Observed]> {
  const pair: [Observed, Observed] = [new Observed({ url }), new Observed({ url })];
  await until(() => pair.every((one) => one.isUp));
  return pair;
}

/** Says whether what one publishes arrives at the other once more. */
async function expectHeard(speaker: Channel, listener: Channel): Promise<void> {
  let count = 0;
  const end = listener.subscribe('canary', () => (count += 1));
  await until(() => {
    speaker.publish('canary', '');
    return count > 0;
  });
  end();
}

describe('a follower gets every event, once and in order, when Redis', () => {
  test.each<[string, (server: RedisServer) => Promise<void>]>([
    ['is killed and stays away', (server) => server.kill()],
    ['is restarted empty', (server) => server.restartEmpty()],
    ['is restarted twice', (server) => server.restartEmpty().then(() => server.restartEmpty())],
    ['falls silent', (server) => server.freeze()],
    [
      'throws out all its clients',
      async (server) => void (await server.command(['CLIENT', 'KILL', 'TYPE', 'pubsub'])),
    ],
  ])('%s', async (_, fault) => {
    const server = cleanup.use(await startRedis());
    const [worker, api] = await observe(server.url);
    await followThrough(ledger, { writing: worker.channel, following: api.channel }, async () => {
      await sleep(300);
      await fault(server);
    });
  });

  test('becomes a replica of another', async () => {
    const [server, other] = [cleanup.use(await startRedis()), cleanup.use(await startRedis())];
    const [worker, api] = await observe(server.url);
    await followThrough(ledger, { writing: worker.channel, following: api.channel }, async () => {
      await sleep(300);
      await server.becomeReplicaOf(other.port);
      await until(() => !worker.isUp && !api.isUp);
    });
    expect(api.complaint).toMatch(/channel_wrong_server.*read-only replica.*primary/);
    await server.becomePrimary();
    await until(() => worker.isUp && api.isUp);
    await expectHeard(worker.channel, api.channel);
  });

  test('was never there', async () => {
    const url = 'redis://127.0.0.1:1';
    const [worker, api] = [new Observed({ url }), new Observed({ url })];
    await followThrough(ledger, { writing: worker.channel, following: api.channel }, async () => {});
    expect(api.complaint).toMatch(/channel_unavailable.*ECONNREFUSED 127\.0\.0\.1:1/);
  });
});

describe('comes back by itself', () => {
  test('after a silent server speaks again, which was left meanwhile', async () => {
    const server = cleanup.use(await startRedis());
    const [worker, api] = await observe(server.url);
    await expectHeard(worker.channel, api.channel);
    await server.freeze();
    await until(() => !worker.isUp && !api.isUp);
    expect(worker.complaint).toMatch(/channel_unavailable.*did not come back/);
    server.thaw();
    await until(() => worker.isUp && api.isUp);
    await expectHeard(worker.channel, api.channel);
  });

  test('after an empty restart, with all that was followed before', async () => {
    const server = cleanup.use(await startRedis());
    const [worker, api] = await observe(server.url);
    const heard: string[] = [];
    for (let number = 0; number < 50; number++) {
      api.channel.subscribe(`topic ${number}`, (message) => heard.push(message));
    }
    await expectHeard(worker.channel, api.channel);
    await server.restartEmpty();
    await until(() => {
      worker.channel.publish('topic 49', 'after');
      return heard.includes('after');
    });
  });

  test('on another host of the list, when the first becomes a replica of it', async () => {
    const [first, second] = [cleanup.use(await startRedis()), cleanup.use(await startRedis())];
    await second.becomeReplicaOf(first.port);
    const [worker, api] = await observe(`redis://127.0.0.1:${second.port},127.0.0.1:${first.port}`);
    await second.becomePrimary();
    await first.kill();
    await until(() => !worker.isUp && !api.isUp);
    await until(() => worker.isUp && api.isUp);
    await expectHeard(worker.channel, api.channel);
  });

  test('on the server that Sentinel names', async () => {
    const server = cleanup.use(await startRedis());
    const path = join(folder, 'sentinel.conf');
    await writeFile(path, `sentinel monitor answers 127.0.0.1 ${server.port} 1\n`);
    const sentinel = cleanup.use(await startRedis({ sentinelPath: path }));
    const [worker, api] = await observe(`redis://127.0.0.1:${sentinel.port}?sentinel=answers`);
    await expectHeard(worker.channel, api.channel);
    await expect(probe(sentinel.url)).rejects.toThrow(/is a Sentinel.*\?sentinel=/);
    await expect(probe(`${sentinel.url}?sentinel=others`)).rejects.toThrow(/knows no primary named others/);
  });
});

describe('says what is wrong with', () => {
  test('a wrong password, and takes the right one as soon as the file has it', async () => {
    const server = cleanup.use(await startRedis({ password: 'right' }));
    const passwordPath = join(folder, 'password');
    await writeFile(passwordPath, 'wrong\n');
    const observed = new Observed({ url: `${server.url}/0`, passwordPath });
    await until(() => observed.states.length > 0);
    expect(observed.complaint).toMatch(/channel_login_refused.*refuses the login.*password file/);
    await writeFile(passwordPath, 'right\n');
    await until(() => observed.isUp);
  });

  test('a certificate that nobody vouches for, and is at ease with one that is vouched for', async () => {
    const [certificate, key] = [join(folder, 'server.pem'), join(folder, 'server.key')];
    const subject = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const options = 'req -x509 -newkey rsa:2048 -nodes -days 2'.split(' ');
    execFileSync('openssl', [...options, '-keyout', key, '-out', certificate, ...subject], {
      stdio: 'ignore',
    });
    const server = cleanup.use(await startRedis({ tls: { certificate, key } }));
    await expect(probe(server.url)).rejects.toThrow(/cannot be reached: self-signed certificate/);
    const url = `${server.url}?sslrootcert=${certificate}`;
    const [worker, api] = await observe(url);
    await expectHeard(worker.channel, api.channel);
    await expect(probe(server.url.replace('rediss:', 'redis:'))).rejects.toMatchObject({
      code: 'channel_unavailable',
    });
  });

  test('a missing password and a missing file', async () => {
    const server = cleanup.use(await startRedis({ password: 'right' }));
    await expect(probe(server.url)).rejects.toMatchObject({ code: 'channel_login_refused' });
    await expect(probe(server.url, { passwordPath: join(folder, 'none') })).rejects.toThrow(
      /file with the password.*cannot be read/,
    );
  });

  test.each([
    ['hear', ['+@connection', '+publish', '+subscribe']],
    ['publish', ['&*', '+@connection', '+subscribe']],
  ])('a user without the right to %s', async (_, rights) => {
    const server = cleanup.use(await startRedis());
    await server.command(['ACL', 'SETUSER', 'weak', 'on', '>pass', ...rights]);
    const observed = new Observed({ url: server.url.replace('//', '//weak:pass@') });
    await until(() => observed.states.length > 0);
    expect(observed.complaint).toMatch(/channel_login_refused.*publish, subscribe/);
  });

  test.each<[string, (server: Server) => void]>([
    [
      'speaks HTTP',
      (server) => server.on('connection', (socket) => socket.write('HTTP/1.1 400 Bad\r\n\r\n')),
    ],
    ['says nothing', () => {}],
    ['hangs up', (server) => server.on('connection', (socket) => socket.destroy())],
    [
      'calls every command unknown',
      (server) =>
        server.on('connection', (socket) =>
          socket.on('data', () => socket.write('-ERR unknown command\r\n')),
        ),
    ],
  ])('a server that %s', async (name, behave) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      cleanup.defer(() => void socket.destroy());
    });
    cleanup.defer(() => void server.close());
    behave(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const observed = new Observed({ url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await until(() => observed.states.length > 0);
    expect(observed.complaint).toMatch(
      /HTTP|unknown/.test(name) ? /channel_wrong_server/ : /channel_unavailable.*cannot be reached/,
    );
  });
});

function probe(url: string, options: { passwordPath?: string } = {}): Promise<string> {
  return probeRedis({ url, installationId: 'test', ...options });
}

test('a process that was killed is chosen no more, long before its silence would tell', async () => {
  const server = cleanup.use(await startRedis());
  const [speaker, living] = await observe(server.url);
  const heard: string[] = [];
  living.channel.subscribe('work', (message) => heard.push(message));
  const program = `
    const { openRedisChannel } = await import(${JSON.stringify(import.meta.resolve('./redis-channel.ts'))});
    const channel = openRedisChannel({ url: '${server.url}', installationId: 'test' });
    channel.subscribe('work', () => channel.publish('done', ''));`;
  const victim = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  let done = 0;
  speaker.channel.subscribe('done', () => (done += 1));
  await until(() => {
    speaker.channel.publishToOne('work', 'early');
    return done > 0;
  });
  victim.kill('SIGKILL');
  await once(victim, 'exit');
  // The first message that nobody reads tells that it is gone.
  for (let number = 0; number < 4; number++) {
    speaker.channel.publishToOne('work', 'lost, perhaps');
    await sleep(50);
  }
  heard.length = 0;
  for (let number = 0; number < 10; number++) speaker.channel.publishToOne('work', 'late');
  await until(() => heard.length === 10);
});

test('a server that reads nothing does not fill the memory of those who publish', async () => {
  const server = cleanup.use(await startRedis());
  const [worker, api] = await observe(server.url);
  api.channel.subscribe('topic', () => {});
  await expectHeard(worker.channel, api.channel);
  await server.freeze();
  const message = 'x'.repeat(1024 * 1024);
  const beforeBytes = process.memoryUsage().rss;
  for (let turn = 0; turn < 300; turn++) {
    worker.channel.publish('topic', message);
    await sleep(1);
  }
  expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(200 * 1024 * 1024);
});
