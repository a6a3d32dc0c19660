import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { brokenEngines, rewriting } from '../../runs/conformance/broken-engines.suite.ts';
import type { RunSystem } from '../../runs/conformance/run-checks-harness.suite.ts';
import { runConformance } from '../../runs/run-conformance.suite.ts';
import { MemoryChannel } from '../channel/memory-channel.ts';
import { openPostgresLedger, type PostgresLedger, type PostgresLedgerOptions } from './postgres-ledger.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

async function freshLedger(options: Partial<PostgresLedgerOptions> = {}): Promise<PostgresLedger> {
  return openPostgresLedger({ url: server.url(await server.createLedger()), ...options });
}

async function freshSystem(breakIt: (ledger: Ledger) => Ledger = (ledger) => ledger): Promise<RunSystem> {
  const ledger = await freshLedger();
  // Connections are made one after another: only once they are there, transactions really run at the same time.
  await Promise.all(
    [1, 2, 3, 4].map(() =>
      ledger.transaction((tx) => tx.get('SELECT CAST(pg_sleep(0.03) AS text) AS slept')),
    ),
  );
  const channel = new MemoryChannel();
  return {
    ledger: breakIt(ledger),
    channel,
    async [Symbol.asyncDispose]() {
      await channel[Symbol.asyncDispose]();
      await ledger[Symbol.asyncDispose]();
    },
  };
}

function put(sql: Sql, name: string, value = 'x'): Promise<{ changes: number }> {
  return sql.run('INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, 1)', { name, value });
}

describe('runs on PostgreSQL', () => {
  for (const check of runConformance) {
    test(check.name, async () => {
      await using system = await freshSystem();
      await check.run(system);
    });
  }
});

describe('the suite notices', () => {
  const sabotages: [string, RegExp, (ledger: Ledger) => Ledger][] = [
    [
      'an adapter that commits each statement alone',
      /not after a failed one/,
      (ledger) => ({ ...ofLedger(ledger), transaction: (work) => work(ledger.read) }),
    ],
    [
      'an adapter that forgets to commit',
      /there after its transaction/,
      (ledger) => ({
        ...ofLedger(ledger),
        async transaction(work) {
          const kept: { value?: Awaited<ReturnType<typeof work>> } = {};
          const rollback = new Error('rolled back');
          await ledger
            .transaction(async (tx) => {
              kept.value = await work(tx);
              throw rollback;
            })
            .catch((error: unknown) => {
              if (error !== rollback) throw error;
            });
          return kept.value as Awaited<ReturnType<typeof work>>;
        },
      }),
    ],
    [
      'an adapter that leaves out the words of its own engine',
      /two claimants/,
      (ledger) => rewriting(ledger, (statement) => statement.replaceAll(/\/\*[\s\S]*?\*\//g, '')),
    ],
  ];
  const statements = brokenEngines.map(([name, checkName, sabotage]): (typeof sabotages)[number] => [
    name,
    checkName,
    (ledger) => rewriting(ledger, sabotage),
  ]);
  for (const [name, checkName, breakIt] of [...sabotages, ...statements]) {
    test(name, async () => {
      const check = runConformance.find((one) => checkName.test(one.name));
      expect(check).toBeDefined();
      await using system = await freshSystem(breakIt);
      await expect(check?.run(system)).rejects.toThrow();
    });
  }
});

function ofLedger(ledger: Ledger): Ledger {
  return {
    get continuity() {
      return ledger.continuity;
    },
    read: ledger.read,
    transaction: (work, options) => ledger.transaction(work, options),
    checkIntegrity: () => ledger.checkIntegrity(),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

describe('values', () => {
  test('come back as SQLite gives them', async () => {
    await using ledger = await freshLedger();
    const row = await ledger.read.get(
      `SELECT CAST(:big AS bigint) AS big, :half AS half, :text AS text, :nothing AS nothing, 1 = 1 AS yes,
         count(*) AS count, COALESCE(sum(updated_at), 0) AS sum, instr('abc', 'c') AS place FROM setting`,
      { big: Number.MAX_SAFE_INTEGER, half: 0.5, text: "it's :not a ::param", nothing: null },
    );
    expect(row).toEqual({
      big: Number.MAX_SAFE_INTEGER,
      half: 0.5,
      text: "it's :not a ::param",
      nothing: null,
      yes: 1,
      count: 0,
      sum: 0,
      place: 3,
    });
  });

  test('that no column can hold are refused on their way in and on their way out', async () => {
    await using ledger = await freshLedger();
    await expect(ledger.read.get('SELECT :n AS n', { n: 2 ** 53 })).rejects.toThrow(RangeError);
    await expect(ledger.read.get('SELECT :n AS n', {})).rejects.toThrow(':n');
    await expect(ledger.read.get('SELECT 9007199254740993 AS n')).rejects.toThrow('2^53');
    await expect(ledger.read.get('SELECT 1 AS n')).resolves.toEqual({ n: 1 });
  });

  test('are sorted and compared by their bytes', async () => {
    await using ledger = await freshLedger();
    for (const name of ['b', 'A', 'é', 'a', 'Z']) await ledger.transaction((tx) => put(tx, name));
    const rows = await ledger.read.all<{ name: string }>('SELECT name FROM setting ORDER BY name');
    expect(rows.map((row) => row.name).join('')).toBe('AZabé');
  });
});

describe('a transaction', () => {
  test('is done again when the server sacrifices it to another', async () => {
    await using ledger = await freshLedger();
    await ledger.transaction(async (tx) => {
      await put(tx, 'a', '0');
      await put(tx, 'b', '0');
    });
    const raise = (tx: Sql, name: string) =>
      tx.run(`UPDATE setting SET value = CAST(CAST(value AS bigint) + 1 AS text) WHERE name = :name`, {
        name,
      });
    let runs = 0;
    const both = (first: string, second: string) =>
      ledger.transaction(async (tx) => {
        runs += 1;
        await raise(tx, first);
        await tx.get(`SELECT CAST(pg_sleep(0.1) AS text) AS slept`);
        await raise(tx, second);
      });
    await Promise.all([both('a', 'b'), both('b', 'a')]);
    expect(await ledger.read.all('SELECT value FROM setting')).toEqual([{ value: '2' }, { value: '2' }]);
    expect(runs).toBeGreaterThan(2);
  });

  test('whose statement failed cannot succeed, even if its work goes on', async () => {
    await using ledger = await freshLedger();
    const outcome = ledger.transaction(async (tx) => {
      await put(tx, 'a');
      await put(tx, 'a').catch(() => {});
      return 'done';
    });
    await expect(outcome).rejects.toThrow('duplicate key');
    expect(await ledger.read.all('SELECT name FROM setting')).toEqual([]);
  });

  test('that awaits something else is rolled back, and lets go of its locks', async () => {
    await using ledger = await freshLedger();
    const outcome = ledger.transaction(async (tx) => {
      await put(tx, 'a');
      await sleep(2_500);
      await put(tx, 'b');
    });
    await expect(outcome).rejects.toMatchObject({
      code: 'ledger_unavailable',
      message: expect.stringContaining('left it waiting'),
    });
    expect(await ledger.read.all('SELECT name FROM setting')).toEqual([]);
  });

  test('refuses statements after its end', async () => {
    await using ledger = await freshLedger();
    const kept = await ledger.transaction(async (tx) => tx);
    await expect(kept.get('SELECT 1 AS one')).rejects.toMatchObject({ code: 'transaction_closed' });
  });

  test('that is slow holds up neither readers nor other transactions, however many of them there are', async () => {
    await using ledger = await freshLedger({ maxConnections: 4 });
    const order: string[] = [];
    const slow = [1, 2].map(() =>
      ledger
        .transaction((tx) => tx.get(`SELECT CAST(pg_sleep(3) AS text) AS slept`))
        .then(() => order.push('slow')),
    );
    await sleep(100);
    const quick = [
      ledger.read.get('SELECT 1 AS one').then(() => order.push('read')),
      ledger.read.get('SELECT 1 AS one').then(() => order.push('read')),
    ];
    await Promise.all([...slow, ...quick]);
    expect(order).toEqual(['read', 'read', 'slow', 'slow']);
  });

  test('that is relaxed waits for no disk where that was asked for', async () => {
    await using ledger = await freshLedger({ relaxedCommits: true });
    await using strict = await freshLedger();
    const setting = (ledger: Ledger, relaxed: boolean) =>
      ledger.transaction((tx) => tx.get(`SELECT current_setting('synchronous_commit') AS value`), {
        relaxed,
      });
    expect(await setting(ledger, true)).toEqual({ value: 'off' });
    expect(await setting(ledger, false)).toEqual({ value: 'on' });
    expect(await setting(strict, true)).toEqual({ value: 'on' });
  });
});

test('the clock is that of the database, within the bound that it gives', async () => {
  await using ledger = await freshLedger();
  const row = await ledger.read.get<{ now: number }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now',
  );
  expect(Math.abs(ledger.now() - (row?.now ?? 0))).toBeLessThan(1_000);
  expect(ledger.clockErrorMs).toBeLessThan(1_000);
});

test('damage in a table or an index is found where amcheck is installed', async () => {
  const database = await server.createLedger();
  await using ledger = await openPostgresLedger({ url: server.url(database) });
  expect((await ledger.examine()).remarks.join()).toContain('CREATE EXTENSION amcheck');
  await server.query(database, 'CREATE EXTENSION amcheck');
  await ledger.transaction((tx) => put(tx, 'a'));
  expect(await ledger.checkIntegrity()).toEqual([]);
  await server.damage(database, 'setting_pkey');
  expect((await ledger.checkIntegrity()).join()).toContain('setting_pkey');
});
