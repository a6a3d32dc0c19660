import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { requireSameSettings } from './same-settings.ts';

let folder: string;
let ledger: Ledger;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-nodes-'));
  ledger = await openSqliteLedger({ path: join(folder, 'ledger.db') });
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function enter(node: string, version: string, settingsHash: string): Promise<void> {
  await ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO process (id, pid, role, version, started_at, seen_at, node, host, settings_hash)
       VALUES (:id, :pid, 'worker', :version, 0, 0, :node, NULL, :settingsHash)`,
      { id: `proc_${node}`, pid: process.pid, version, node, settingsHash },
    ),
  );
}

test('nodes with the same settings are counted, and versions named only where they differ', async () => {
  await enter('a', '1.2.0', 'same');
  await enter('b', '1.2.0', 'same');
  expect(await requireSameSettings(ledger.read, 'same')).toBe('2 with the same settings');
  await enter('c', '1.3.0', 'same');
  expect(await requireSameSettings(ledger.read, 'same')).toBe(
    '3 with the same settings; of different versions: 1.2.0 on a, b; 1.3.0 on c',
  );
});

test('nodes with other settings are named', async () => {
  await enter('a', '1.2.0', 'same');
  await enter('b', '1.2.0', 'other');
  await expect(requireSameSettings(ledger.read, 'same')).rejects.toMatchObject({
    code: 'settings_differ',
    message: expect.stringContaining('in force on: b.'),
  });
});
