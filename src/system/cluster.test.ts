import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../tests/support/until.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { oneAtATime } from './cluster.ts';

const TTL_MS = 2_000;

test('a first start that takes long keeps the others waiting for as long as it takes, and no longer', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'budao-first-start-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await using ledger = await openSqliteLedger({ path: join(folder, 'ledger.db') });
  const duty = () => ledger.read.get<{ owner: string; until: number }>('SELECT owner, until FROM duty');
  const order: string[] = [];
  const first = oneAtATime(
    ledger,
    'n1',
    async () => {
      const began = (await duty())?.until ?? Infinity;
      // Longer than it was taken for at first.
      await until(async () => ((await duty())?.until ?? 0) > began + TTL_MS);
      order.push('n1');
    },
    TTL_MS,
  );
  await until(async () => (await duty())?.owner === 'n1');
  const second = oneAtATime(ledger, 'n2', async () => void order.push('n2'), TTL_MS);
  await Promise.all([first, second]);
  expect(order).toEqual(['n1', 'n2']);
  expect(await duty()).toBe(undefined);
});
