/**
 * npx node bench/channel.ts [--runs N] [--seconds S] [--json]
 *
 * What the live channel costs: two processes publish for N runs, 25 times a second, as workers do, and two others follow
 * half of them each. Prints CPU for each message of a run on both ends and in the server, and how long it took.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Channel, runTopic } from '../src/runs/channel.ts';
import { openNotifyChannel } from '../src/stores/channel/notify-channel.ts';
import { openRedisChannel } from '../src/stores/channel/redis-channel.ts';
import { SocketChannel } from '../src/stores/channel/socket-channel.ts';
import { SocketHub } from '../src/stores/channel/socket-hub.ts';
import { openPostgresLedger } from '../src/stores/ledger/postgres-ledger.ts';
import { startPostgres } from '../tests/support/postgres-server.ts';
import { startRedis } from '../tests/support/redis-server.ts';

const COMMITS_PER_SECOND = 25;
/** A worker puts what gathered in 40 ms into a commit: some runs have something in each. */
const SHARE_OF_RUNS = 0.5;
const PROCESSES = 2;
const WARM_UP_MS = 2_000;

interface Task {
  role: 'worker' | 'api';
  adapter: 'socket' | 'redis' | 'notify';
  place: string;
  index: number;
}

interface Used {
  cpuMs: number;
  messages: number;
  latenciesMs: number[];
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '400' },
    seconds: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
    task: { type: 'string' },
  },
});
const runs = Number(values.runs);

if (values.task === undefined) await measureAll();
else await take(JSON.parse(values.task) as Task);

async function measureAll(): Promise<void> {
  const results: Record<string, unknown>[] = [];
  {
    const folder = await mkdtemp(join(tmpdir(), 'budao-bench-channel-'));
    await using _hub = await SocketHub.listen(join(folder, 'hub.sock'));
    const ownCpu = async () => process.cpuUsage().user / 1_000 + process.cpuUsage().system / 1_000;
    results.push(await measure('socket', join(folder, 'hub.sock'), ownCpu));
    await rm(folder, { recursive: true });
  }
  {
    await using redis = await startRedis();
    results.push(await measure('redis', redis.url, () => redis.cpuMs()));
  }
  {
    await using postgres = await startPostgres();
    const url = postgres.url(await postgres.createLedger());
    results.push(await measure('notify', url, null));
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else console.table(results);
}

async function measure(
  adapter: Task['adapter'],
  place: string,
  serverCpuMs: (() => Promise<number>) | null,
): Promise<Record<string, unknown>> {
  const children = (['api', 'worker'] as const).flatMap((role) =>
    [...Array(PROCESSES).keys()].map((index) => ({ role, child: begin({ role, adapter, place, index }) })),
  );
  await sleep(WARM_UP_MS);
  for (const { child } of children) child.send('begin');
  const serverBefore = await serverCpuMs?.();
  await sleep(Number(values.seconds) * 1_000);
  const serverAfter = await serverCpuMs?.();
  const used = await Promise.all(children.map(async ({ role, child }) => ({ role, ...(await end(child)) })));
  const of = (role: Task['role']) => used.filter((one) => one.role === role);
  const total = (role: Task['role'], key: 'cpuMs' | 'messages') =>
    of(role).reduce((sum, one) => sum + one[key], 0);
  const published = total('worker', 'messages');
  const latencies = of('api')
    .flatMap((one) => one.latenciesMs)
    .sort((a, b) => a - b);
  const perMessage = (cpuMs: number) => Number(((cpuMs * 1_000) / published).toFixed(2));
  return {
    adapter,
    'messages/s': Math.round(published / Number(values.seconds)),
    'heard %': Number(((100 * total('api', 'messages')) / published).toFixed(1)),
    'worker µs': perMessage(total('worker', 'cpuMs')),
    'api µs': perMessage(total('api', 'cpuMs')),
    'server µs':
      serverAfter === undefined || serverBefore === undefined ? null : perMessage(serverAfter - serverBefore),
    'p50 ms': latencies[Math.floor(latencies.length * 0.5)]?.toFixed(2),
    'p99 ms': latencies[Math.floor(latencies.length * 0.99)]?.toFixed(2),
  };
}

function begin(task: Task): ChildProcess {
  const options = ['--runs', String(runs), '--task', JSON.stringify(task)];
  return fork(fileURLToPath(import.meta.url), options, { serialization: 'json' });
}

async function end(child: ChildProcess): Promise<Used> {
  const answer = new Promise<Used>((resolve) => child.once('message', (used) => resolve(used as Used)));
  child.send('end');
  const used = await answer;
  child.kill();
  return used;
}

async function take(task: Task): Promise<void> {
  const channel = await openChannel(task);
  const used: Used = { cpuMs: 0, messages: 0, latenciesMs: [] };
  if (task.role === 'api') follow(channel, task.index, used);
  let timer: NodeJS.Timeout | null = null;
  let before = process.cpuUsage();
  process.on('message', (order) => {
    if (order === 'begin') {
      before = process.cpuUsage();
      used.messages = 0;
      used.latenciesMs = [];
      if (task.role === 'worker') {
        timer = setInterval(() => publish(channel, task.index, used), 1_000 / COMMITS_PER_SECOND);
      }
      return;
    }
    if (timer !== null) clearInterval(timer);
    const { user, system } = process.cpuUsage(before);
    process.send?.({ ...used, cpuMs: (user + system) / 1_000 });
  });
}

/** Each run is written by one worker and followed by one api; both have half of the other's. */
function publish(channel: Channel, worker: number, used: Used): void {
  const createdAt = performance.timeOrigin + performance.now();
  for (let run = worker; run < runs; run += PROCESSES) {
    if (Math.random() > SHARE_OF_RUNS) continue;
    const event = `[{"seq":123,"epoch":1,"type":"answer.delta","createdAt":${createdAt},"payload":{"text":"不倒翁 stands up"}}]`;
    channel.publish(runTopic(`run_${'0'.repeat(22)}${run}`), event);
    used.messages += 1;
  }
}

function follow(channel: Channel, api: number, used: Used): void {
  for (let run = 0; run < runs; run++) {
    if (Math.floor(run / PROCESSES) % PROCESSES !== api) continue;
    const isWatched = run % 20 < 4;
    channel.subscribe(runTopic(`run_${'0'.repeat(22)}${run}`), (message) => {
      used.messages += 1;
      const createdAt = isWatched ? /"createdAt":([\d.]+)/.exec(message)?.[1] : undefined;
      if (createdAt === undefined) return;
      used.latenciesMs.push(performance.timeOrigin + performance.now() - Number(createdAt));
    });
  }
}

async function openChannel({ adapter, place }: Task): Promise<Channel> {
  switch (adapter) {
    case 'socket':
      return new SocketChannel(place);
    case 'redis':
      return openRedisChannel({ url: place, installationId: 'bench' });
    case 'notify': {
      const ledger = await openPostgresLedger({ url: place });
      return openNotifyChannel({ url: place, sql: ledger.read, installationId: 'bench' });
    }
  }
}
