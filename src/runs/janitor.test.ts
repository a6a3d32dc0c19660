import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { Janitor } from './janitor.ts';
import { getRun, submitRun } from './run-store.ts';

afterEach(() => void vi.useRealTimers());

test('a clock that is set a day ahead ends no run: deadlines and delays move with it', async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-janitor-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  const request = { kind: 'work', workspaceId: 'ws_1', input: {}, delayMs: 30_000 };
  const { run } = await ledger.transaction((tx) => submitRun(tx, request, Date.now()));
  const errors: unknown[] = [];
  using _janitor = new Janitor({
    ledger,
    channel: new MemoryChannel(),
    ownClock: true,
    onError: (error) => errors.push(error),
  });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 });
  await vi.waitUntil(async () => (await getRun(ledger.read, run.id))?.deadlineAt !== run.deadlineAt, 10_000);
  const moved = await getRun(ledger.read, run.id);
  expect(moved?.status).toBe('queued');
  expect((moved?.deadlineAt ?? 0) - run.deadlineAt).toBeGreaterThan(86_000_000);
  expect((moved?.availableAt ?? 0) - run.availableAt).toBe((moved?.deadlineAt ?? 0) - run.deadlineAt);
  expect(errors).toEqual([]);
});
