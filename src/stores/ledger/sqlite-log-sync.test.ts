import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { openSqliteLedger } from './sqlite-ledger.ts';

let folder: string;
let path: string;
let ledger: Ledger;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-log-sync-'));
  path = join(folder, 'ledger.db');
  ledger = await openSqliteLedger({ path });
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** As another process sees it. */
function isVisible(id: string): boolean {
  using other = new DatabaseSync(path, { readOnly: true });
  return other.prepare('SELECT 1 FROM workspace WHERE id = ?').get(id) !== undefined;
}

const insert = (id: string) => async (tx: Sql) => {
  await tx.run('INSERT INTO workspace (id, name, settings, created_at) VALUES (:id, :id, :none, 1)', {
    id,
    none: '{}',
  });
  return id;
};

it('tells of what others can see before it is acknowledged, with every commit once', async () => {
  const order: string[] = [];
  const commits = ['ws_1', 'ws_2'].map(async (id) => {
    const told = await ledger.transaction(insert(id), {
      onVisible: (value) => order.push(`visible ${value} ${isVisible(value)}`),
    });
    order.push(`acknowledged ${told}`);
  });
  await Promise.all(commits);
  expect(order).toEqual(['visible ws_1 true', 'visible ws_2 true', 'acknowledged ws_1', 'acknowledged ws_2']);
});

it('does not tell of what was rolled back, and a hint that fails takes nothing back', async () => {
  const seen: string[] = [];
  const failing = async (tx: Sql) => {
    await insert('ws_1')(tx);
    throw new Error('no');
  };
  const [failed, hinted] = await Promise.allSettled([
    ledger.transaction(failing, { onVisible: () => seen.push('ws_1') }),
    ledger.transaction(insert('ws_2'), {
      onVisible: (id) => {
        seen.push(id);
        throw new Error('nobody listens');
      },
    }),
  ]);
  expect([failed?.status, hinted?.status, seen]).toEqual(['rejected', 'fulfilled', ['ws_2']]);
  expect([isVisible('ws_1'), isVisible('ws_2')]).toEqual([false, true]);
});

it('acknowledges nothing that the disk did not confirm', async () => {
  await rm(`${path}-wal`);
  await expect(ledger.transaction(insert('ws_1'), { onVisible: () => {} })).rejects.toMatchObject({
    code: 'ledger_unavailable',
  });
});
