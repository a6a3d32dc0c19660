import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ledger } from '../ledger/ledger.ts';
import type { Channel } from '../runs/channel.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { Dependencies } from './dependencies.ts';
import type { Dependency } from './dependency.ts';
import { DependencyWatch, OVERRIDES_CHANGED } from './dependency-watch.ts';
import { currentOverrides, listOverrides, setOverride } from './overrides.ts';
import { readReports } from './reports.ts';

const deaf: Channel = {
  publish: () => {},
  publishToOne: () => {},
  subscribe: () => () => {},
  [Symbol.asyncDispose]: async () => {},
};
let cleanup: AsyncDisposableStack;
let ledger: Ledger;

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-dependencies-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
});
afterEach(() => cleanup.disposeAsync());

/** A process with one dependency. */
function startProcess(processId: string, channel: Channel): Dependency {
  const dependencies = cleanup.use(new Dependencies());
  const dependency = dependencies.add({ name: 'model:a', kind: 'model' });
  const onError = (error: unknown): void => {
    throw error;
  };
  cleanup.use(new DependencyWatch({ ledger, channel, dependencies, processId, role: 'worker', onError }));
  return dependency;
}

const change = (forced: 'open' | 'closed' | 'auto') => ({
  dependency: 'model:a',
  forced,
  note: 'maintenance',
  actor: 'acct_1',
});
const reports = () => readReports(ledger.read, Date.now());

test('what is set by hand holds in every process, whether or not the hint arrives, and in those that start later', async () => {
  const channel = new MemoryChannel();
  const hearing = startProcess('p1', channel);
  const polling = startProcess('p2', deaf);
  await setOverride(ledger, change('open'));
  channel.publish(OVERRIDES_CHANGED, 'model:a');
  await vi.waitUntil(() => !hearing.isUsable && !polling.isUsable, 30_000);
  const late = startProcess('p3', deaf);
  await vi.waitUntil(() => !late.isUsable, 30_000);
  await setOverride(ledger, change('auto'));
  await vi.waitUntil(() => [hearing, polling, late].every((one) => one.isUsable), 30_000);
});

test('who set what and when is kept, also when several do it at once', async () => {
  const set = await Promise.all(
    (['open', 'closed', 'open', 'auto'] as const).map((one) => setOverride(ledger, change(one))),
  );
  expect(set.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4]);
  const all = await listOverrides(ledger.read, 'model:a');
  expect(all.map(({ version }) => version)).toEqual([4, 3, 2, 1]);
  expect(all[0]).toMatchObject({ note: 'maintenance', actor: 'acct_1', createdAt: expect.any(Number) });
  expect(await currentOverrides(ledger.read)).toEqual([all[0]]);
});

test('every process tells what it sees, and is forgotten when it leaves', async () => {
  const seeing = startProcess('p1', deaf);
  startProcess('p2', deaf);
  await vi.waitUntil(async () => (await reports()).length === 2, 30_000);
  for (let count = 0; count < 3; count++)
    await seeing.call(() => Promise.reject(new Error('down'))).catch(() => {});
  await vi.waitUntil(async () => (await reports())[0]?.states[0]?.condition === 'open', 30_000);
  expect((await reports())[1]?.states[0]?.condition).toBe('closed');
  // Not disposed of twice: the clean-up of the test does the rest.
  const dependencies = new Dependencies();
  const options = { ledger, channel: deaf, dependencies, processId: 'p9', role: 'api', onError: () => {} };
  const leaving = new DependencyWatch(options);
  await vi.waitUntil(async () => (await reports()).length === 3, 30_000);
  await leaving[Symbol.asyncDispose]();
  expect((await reports()).map(({ processId }) => processId)).toEqual(['p1', 'p2']);
});

test('one process that is answered again tells the others, who then try at once', async () => {
  const channel = new MemoryChannel();
  const first = startProcess('p1', channel);
  const second = startProcess('p2', channel);
  for (const one of [first, second]) {
    for (let count = 0; count < 3; count++)
      await one.call(() => Promise.reject(new Error('down'))).catch(() => {});
  }
  expect([first.isUsable, second.isUsable]).toEqual([false, false]);
  first.endRest();
  await first.call(async () => 1);
  await vi.waitUntil(() => second.isUsable, 30_000);
});
