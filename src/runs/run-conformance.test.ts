import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { SocketChannel } from '../stores/channel/socket-channel.ts';
import { SocketHub } from '../stores/channel/socket-hub.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import type { RunSystem } from './conformance/run-checks-harness.suite.ts';
import { runConformance } from './run-conformance.suite.ts';

async function freshSystem(
  sabotage: (statement: string) => string = (statement) => statement,
): Promise<RunSystem> {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-runs-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  cleanup.use(await SocketHub.listen(join(folder, 'hub.sock')));
  const channel = cleanup.use(new SocketChannel(join(folder, 'hub.sock')));
  return {
    ledger: rewriting(ledger, sabotage),
    channel,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

/** The same ledger with its statements changed on their way: a deliberately broken engine. */
function rewriting(ledger: Ledger, rewrite: (statement: string) => string): Ledger {
  const wrap = (sql: Sql): Sql => ({
    all: (statement, params) => sql.all(rewrite(statement), params),
    get: (statement, params) => sql.get(rewrite(statement), params),
    run: (statement, params) => sql.run(rewrite(statement), params),
  });
  return {
    read: wrap(ledger.read),
    transaction: (work, options) => ledger.transaction((tx) => work(wrap(tx)), options),
    checkIntegrity: () => ledger.checkIntegrity(),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

describe('runs on SQLite and the socket hub', () => {
  for (const check of runConformance) {
    test(check.name, async () => {
      await using system = await freshSystem();
      await check.run(system);
    });
  }

  test('the channel of a single process serves as well', async () => {
    for (const check of runConformance.filter((one) => /watcher|cancelling/.test(one.name))) {
      await using system = await freshSystem();
      await check.run({ ...system, channel: new MemoryChannel() });
    }
  });
});

describe('the suite notices a broken engine', () => {
  const sabotages: [string, RegExp, (statement: string) => string][] = [
    [
      'an append that ignores the epoch',
      /replaced/,
      (sql) =>
        sql
          .replace(
            "status = 'running' AND owner = :owner AND id IN",
            "status = 'running' AND :owner <> '' AND id IN",
          )
          .replace(/SELECT id, epoch, /, 'SELECT id, 1 AS epoch, '),
    ],
    [
      'an append that ignores the order',
      /gap/,
      (sql) => sql.replace(/SELECT id, epoch, CASE[\s\S]*? AS last_seq/, 'SELECT id, epoch, 0 AS last_seq'),
    ],
    [
      'a takeover that leaves the fence',
      /looks again/,
      (sql) => sql.replace('fence = fence + 1', 'fence = fence'),
    ],
    [
      'shared rows that are thrown away',
      /successor finds/,
      (sql) => sql.replace('WHERE EXISTS (SELECT 1 FROM run WHERE id = :runId)', 'WHERE 1 = 0'),
    ],
    [
      'a claim that ignores leases',
      /living lease/,
      (sql) => sql.replace(/\(lease_until <= :now OR lease_until > :now \+ \d+\)/, '(1 = 1)'),
    ],
    [
      'a claim that keeps the epoch',
      /expired one/,
      (sql) => sql.replace(/epoch = epoch \+ 1,(\s+)attempts/, 'epoch = epoch,$1attempts'),
    ],
    [
      'a claim that ignores the subject',
      /one subject/,
      (sql) => sql.replace(/AND NOT EXISTS \([\s\S]*?candidate\.id\)\)\)/, ''),
    ],
    [
      'attempts that are never counted',
      /kills its workers/,
      (sql) => sql.replace('attempts = attempts + 1', 'attempts = 0'),
    ],
    [
      'a compaction that forgets',
      /compaction/,
      (sql) =>
        sql.includes('VALUES (:run_id')
          ? sql.replace(
              'VALUES (:run_id, :seq, :epoch, :type, :payload, :created_at)',
              'SELECT :run_id, :seq, :epoch, :type, :payload, :created_at WHERE 1 = 0',
            )
          : sql,
    ],
    [
      'an idempotency key that is forgotten',
      /idempotency/,
      (sql) =>
        sql
          .replace(
            'ON CONFLICT (workspace_id, kind, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING',
            '',
          )
          .replace(/:idempotency_key, :result/, 'NULLIF(:idempotency_key, :idempotency_key), :result'),
    ],
  ];
  for (const [name, checkName, sabotage] of sabotages) {
    test(name, async () => {
      const check = runConformance.find((one) => checkName.test(one.name));
      expect(check).toBeDefined();
      await using system = await freshSystem(sabotage);
      await expect(check?.run(system)).rejects.toThrow();
    });
  }
});
