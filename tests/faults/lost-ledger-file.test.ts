/** The ledger's file is locked, moved away or unmounted under a running service: an outage that is declared and passes. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { isRunning, type ProcessRow, Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const LOCKED_MS = Number(process.env.BUDAO_LOCKED_MS ?? 12_000);
const TOKENS = 100;
const isRoot = process.getuid?.() === 0;

let folder: string;
let upstream: Upstream;
let service: Service;
let processes: ProcessRow[];
let kept: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-lost-'));
  upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 20 });
});
afterEach(async () => {
  await service?.[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function start(): Promise<void> {
  service = await Service.start({
    dataDir: folder,
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers', BUDAO_WORKERS: '1' },
  });
  processes = service.processes();
  kept = (await service.json<{ id: string }>('POST', '/v1/conversations', {})).id;
  expect((await read()).status).toBe(200);
}

const read = (): Promise<Response> => service.request('GET', `/v1/conversations/${kept}`);
const write = (): Promise<Response> => service.request('POST', '/v1/conversations', {});
const ledger = (suffix = ''): string => join(folder, `ledger.db${suffix}`);

async function expectOutage(says: RegExp): Promise<void> {
  await until(async () => (await write()).status === 503);
  const refused = await write();
  expect(await refused.json()).toMatchObject({ error: { code: 'ledger_unavailable' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await read()).status).toBe(200);
  const ready = await fetch(`${service.url}/readyz?verbose`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toContain('[-]ledger failed');
  // Where it lies is for whoever runs the service.
  await until(() => says.test(service.output));
  expect((await fetch(`${service.url}/livez`)).status).toBe(200);
}

/** Without hands, with the same processes, and with all that was there. */
async function expectRecovery(): Promise<void> {
  await until(() => service.isReady());
  await until(async () => (await write()).ok);
  expect((await read()).status).toBe(200);
  for (const { role, pid } of processes)
    expect(isRunning(pid), `the ${role} has gone\n${service.output}`).toBe(true);
}

test('a ledger that another program locks is read on, and an answer goes on when it is free', async () => {
  await start();
  const answering = await service.json<{ id: string }>('POST', '/v1/responses', {
    input: 'x',
    background: true,
  });
  const other = new DatabaseSync(ledger(), { timeout: 10_000 });
  other.exec('BEGIN EXCLUSIVE');
  const lockedAt = performance.now();
  const refused = await write();
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { code: 'ledger_busy' } });
  await until(async () => (await read()).ok && performance.now() - lockedAt > LOCKED_MS, 2 * LOCKED_MS);
  other.exec('ROLLBACK');
  other.close();
  await expectRecovery();
  await until(async () => {
    const { status } = await service.json<{ status: string }>('GET', `/v1/responses/${answering.id}`);
    expect(['queued', 'in_progress', 'completed']).toContain(status);
    return status === 'completed';
  });
}, 120_000);

test('a ledger file that is moved away is an outage that is declared, and nobody makes an empty one in its place', async () => {
  await start();
  renameSync(ledger(), join(folder, 'moved.db'));
  await expectOutage(/ledger file .* is gone/);
  // Whoever starts now waits for it as well.
  const worker = processes.find(({ role }) => role === 'worker');
  process.kill(worker?.pid ?? 0, 'SIGKILL');
  await until(() => /ledger file .* is gone.*Trying again until it works/.test(service.output));
  expect(existsSync(ledger())).toBe(false);
  renameSync(join(folder, 'moved.db'), ledger());
  processes = processes.filter((one) => one !== worker);
  await expectRecovery();
}, 120_000);

test('a copy of the ledger that is put back in its place is used', async () => {
  await start();
  for (const suffix of ['', '-wal', '-shm']) renameSync(ledger(suffix), join(folder, `moved.db${suffix}`));
  await expectOutage(/ledger file .* is gone/);
  for (const suffix of ['-wal', '']) copyFileSync(join(folder, `moved.db${suffix}`), ledger(suffix));
  await expectRecovery();
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `moved.db${suffix}`));
  const { id } = (await (await write()).json()) as { id: string };
  await service.killAll();
  await service.start();
  expect((await service.request('GET', `/v1/conversations/${id}`)).status).toBe(200);
}, 120_000);

test.runIf(isRoot)(
  'a data folder that is unmounted is an outage that is declared (needs root, to mount one)',
  async () => {
    const disk = await mkdtemp(join(tmpdir(), 'budao-disk-'));
    let isMounted = false;
    const mount = (): void => {
      execFileSync('mount', ['--bind', disk, folder]);
      isMounted = true;
    };
    const unmount = (): void => {
      execFileSync('umount', ['--lazy', folder]);
      isMounted = false;
    };
    mount();
    try {
      await start();
      unmount();
      await expectOutage(/ledger file .* is gone.*not mounted/);
      expect(existsSync(ledger())).toBe(false);
      mount();
      await expectRecovery();
    } finally {
      await service?.killAll();
      if (isMounted) unmount();
      await rm(disk, { recursive: true, force: true });
    }
  },
  120_000,
);
