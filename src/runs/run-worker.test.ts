import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../tests/support/until.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { submit } from './conformance/run-checks-harness.suite.ts';
import type { RunHandler } from './run.ts';
import { RunWorker } from './run-worker.ts';

/** Six heartbeats. */
const STUCK_MS = 3_000;

test('a ledger that takes seconds is not asked for more and more leases meanwhile', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'budao-worker-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await using real = await openSqliteLedger({ path: join(folder, 'ledger.db') });
  const stuck = Promise.withResolvers<void>();
  let isStuck = false;
  let waiting = 0;
  const ledger: Ledger = {
    continuity: 0,
    read: real.read,
    async transaction(work, options) {
      if (isStuck) {
        waiting += 1;
        await stuck.promise;
      }
      return real.transaction(work, options);
    },
    checkIntegrity: () => real.checkIntegrity(),
    [Symbol.asyncDispose]: async () => {},
  };
  const mayEnd = Promise.withResolvers<void>();
  const handler: RunHandler = {
    kind: 'work',
    concurrency: 1,
    async handle() {
      await mayEnd.promise;
      return { status: 'completed' };
    },
  };
  const handlers = [handler as never];
  await using worker = new RunWorker({ ledger, channel: new MemoryChannel(), owner: 'a', handlers });
  await submit(ledger);
  await until(() => worker.heldRunIds.length === 1);
  isStuck = true;
  await until(() => waiting > 0);
  await sleep(STUCK_MS);
  expect(waiting).toBeLessThanOrEqual(2);
  isStuck = false;
  stuck.resolve();
  mayEnd.resolve();
  await until(() => worker.heldRunIds.length === 0);
});
