import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Meter } from '../health/signals/meter.ts';
import { SignalReporter } from '../health/signals/report-signals.ts';
import { ledgerTime } from '../ledger/clock.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { markSeen, registerProcess } from './process-table.ts';

const HOUR_MS = 3_600_000;

test('a node that was cut off for so long that it was forgotten is listed again when it is back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'budao-processes-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await using ledger = await openSqliteLedger({ path: join(folder, 'ledger.db') });
  const known = () => ledger.read.all<{ id: string }>('SELECT id FROM process');
  const enter = (): Promise<void> =>
    registerProcess(ledger, { id: 'p1', pid: process.pid, role: 'worker', node: 'n1', settingsHash: null });
  await enter();
  using reporter = new SignalReporter({
    ledger,
    meter: new Meter(),
    processId: 'p1',
    enter,
    onError: (error) => {
      throw error;
    },
  });
  // Another node tidies up.
  await ledger.transaction((tx) => markSeen(tx, 'n2', ledgerTime() + HOUR_MS));
  expect(await known()).toEqual([]);
  await reporter.report();
  expect(await known()).toEqual([{ id: 'p1' }]);
});
