import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RUNS_AVAILABLE } from '../../src/runs/channel.ts';
import { submitRun } from '../../src/runs/run-store.ts';
import { openRedisChannel } from '../../src/stores/channel/redis-channel.ts';
import { openPostgresLedger, type PostgresLedger } from '../../src/stores/ledger/postgres-ledger.ts';
import { until } from '../../tests/support/until.ts';
import { BENCH_RUN, type ClaimTask } from './claim-task.ts';
import { treeCpuMs } from './process-cpu.ts';
import type { Servers } from './servers.ts';

const WORKERS = [1, 2, 3];
const WORKSPACES = 4;
const DEADLINE_MS = 180_000;
/** Nothing to do: what is measured is claiming and ending. */
const INSTANT = { slots: 64, workMs: 0, runs: 6_000 };
/** Runs that wait, as answers wait for their model: what is measured is whether more workers do more. */
const WAITING = { slots: 20, workMs: 100, runs: 1_200 };

export interface ClaimsRow {
  workers: number;
  runsPerSecond: number;
  /** Of the workers, for each run, in µs. */
  cpuPerRunUs: number;
  postgresPerRunUs: number;
}

export interface ClaimsResult {
  instant: ClaimsRow[];
  waiting: ClaimsRow[];
  /** Of all slots of three workers, if claiming took no time. */
  waitingIdealPerSecond: number;
}

type Load = typeof INSTANT;

export async function measureClaims(
  servers: Servers,
  report: (kind: 'instant' | 'waiting', row: ClaimsRow) => void,
): Promise<ClaimsResult> {
  const result: ClaimsResult = { instant: [], waiting: [], waitingIdealPerSecond: 0 };
  for (const workers of WORKERS) {
    const row = await measure(servers, workers, INSTANT);
    result.instant.push(row);
    report('instant', row);
  }
  for (const workers of WORKERS) {
    // The same time for each, or a ramp would weigh more where there is less to do.
    const row = await measure(servers, workers, { ...WAITING, runs: WAITING.runs * workers });
    result.waiting.push(row);
    report('waiting', row);
  }
  const slots = WAITING.slots * Math.max(...WORKERS);
  return { ...result, waitingIdealPerSecond: (slots * 1_000) / WAITING.workMs };
}

async function measure(servers: Servers, count: number, load: Load): Promise<ClaimsRow> {
  const ledgerUrl = await servers.createLedger();
  await using ledger = await openPostgresLedger({ url: ledgerUrl });
  await using channel = openRedisChannel({ url: servers.redis.url, installationId: 'bench' });
  const workers = [...Array(count).keys()].map((index) =>
    start({ ...load, owner: `bench-${index}`, ledgerUrl, redisUrl: servers.redis.url }),
  );
  try {
    await until(() => workers.every(({ isReady }) => isReady()), DEADLINE_MS);
    await submit(ledger, load.runs);
    const used = (): number => workers.reduce((sum, { child }) => sum + treeCpuMs(child.pid ?? 0), 0);
    const before = { workersMs: used(), ...(await servers.cpu()) };
    const startedMs = performance.now();
    await ledger.transaction((tx) => tx.run('UPDATE run SET available_at = 0', {}));
    channel.publish(RUNS_AVAILABLE, '');
    const done = (): number => workers.reduce((sum, { ended }) => sum + ended(), 0);
    await until(
      () => done() >= load.runs,
      DEADLINE_MS,
      () => `${done()} of ${load.runs} runs have ended`,
    );
    const seconds = (performance.now() - startedMs) / 1_000;
    const after = { workersMs: used(), ...(await servers.cpu()) };
    return {
      workers: count,
      runsPerSecond: load.runs / seconds,
      cpuPerRunUs: ((after.workersMs - before.workersMs) * 1_000) / load.runs,
      postgresPerRunUs: ((after.postgresMs - before.postgresMs) * 1_000) / load.runs,
    };
  } finally {
    await Promise.all(workers.map(({ child }) => stop(child)));
  }
}

/** All at once, of several workspaces, and not to be claimed before somebody says so. */
async function submit(ledger: PostgresLedger, runs: number): Promise<void> {
  const now = ledger.now();
  await ledger.transaction(async (tx) => {
    for (let index = 0; index < runs; index++) {
      const workspaceId = `workspace-${index % WORKSPACES}`;
      const request = { kind: BENCH_RUN, workspaceId, input: null, delayMs: DEADLINE_MS };
      await submitRun(tx, request, now);
    }
  });
}

function start(task: ClaimTask): { child: ChildProcess; isReady: () => boolean; ended: () => number } {
  const entry = fileURLToPath(new URL('./claim-worker.ts', import.meta.url));
  const child = fork(entry, [JSON.stringify(task)]);
  let ended = -1;
  child.on('message', (message: { ended: number }) => (ended = message.ended));
  return { child, isReady: () => ended >= 0, ended: () => Math.max(0, ended) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.send('end');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
