import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommitCutter, type Cut } from '../../../tests/support/postgres-commit-cutter.ts';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { until } from '../../../tests/support/until.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import { migratePostgresLedger, openPostgresLedger } from './postgres-ledger.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

function put(sql: Sql, name: string): Promise<{ changes: number }> {
  return sql.run(`INSERT INTO setting (name, value, updated_at) VALUES (:name, 'x', 1)`, { name });
}

async function names(ledger: Ledger): Promise<string[]> {
  const rows = await ledger.read.all<{ name: string }>('SELECT name FROM setting ORDER BY name');
  return rows.map((row) => row.name);
}

describe('a server that goes away', () => {
  test('in the middle of a transaction, by SIGKILL: the work is done again once it is back, and counts once', async () => {
    const database = await server.createLedger();
    await using ledger = await openPostgresLedger({ url: server.url(database), outagePatienceMs: 20_000 });
    let runs = 0;
    const seen: number[] = [];
    await ledger.transaction(async (tx) => {
      seen.push(ledger.continuity);
      await put(tx, `run ${++runs}`);
      if (runs > 1) return;
      await server.kill();
      void server.start();
      await put(tx, 'after the kill');
    });
    expect([runs, await names(ledger)]).toEqual([2, ['run 2']]);
    expect(seen[1]).toBeGreaterThan(seen[0] ?? 0);
  });

  test('while nobody looks: the next reader does not notice', async () => {
    const database = await server.createLedger();
    await using ledger = await openPostgresLedger({ url: server.url(database), outagePatienceMs: 20_000 });
    await ledger.transaction((tx) => put(tx, 'before'));
    await server.stop();
    await server.start();
    expect(await names(ledger)).toEqual(['before']);
  });

  test.each<[Cut, number]>([
    ['before the commit arrives', 2],
    ['before its answer arrives', 1],
  ])('%s: it is found out what became of the transaction, and it counts once', async (cut, expectedRuns) => {
    await using cutter = await CommitCutter.start(server.port);
    const url = server.url(await server.createLedger()).replace(`:${server.port}`, `:${cutter.port}`);
    await using ledger = await openPostgresLedger({ url });
    await ledger.transaction((tx) => put(tx, 'before'));
    cutter.cut = cut;
    let runs = 0;
    const result = await ledger.transaction(async (tx) => {
      await put(tx, `run ${++runs}`);
      return 'result';
    });
    expect([result, runs, await names(ledger)]).toEqual([
      'result',
      expectedRuns,
      ['before', `run ${expectedRuns}`],
    ]);
  });

  test('with nothing known of a commit: the caller is told that it may or may not have taken place', async () => {
    await using cutter = await CommitCutter.start(server.port);
    const url = server.url(await server.createLedger()).replace(`:${server.port}`, `:${cutter.port}`);
    await using ledger = await openPostgresLedger({ url });
    cutter.cut = 'with nothing known of it';
    await expect(ledger.transaction((tx) => put(tx, 'x'))).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'ledger_unavailable',
      message: expect.stringContaining('cannot be told'),
    });
    expect(await names(ledger)).toEqual([]);
  });

  test('in silence: callers are told, and everything goes on when it speaks again', async () => {
    const database = await server.createLedger();
    await using ledger = await openPostgresLedger({ url: server.url(database), outagePatienceMs: 500 });
    await ledger.transaction((tx) => put(tx, 'before'));
    server.freeze();
    try {
      const outcomes = await Promise.allSettled([
        ledger.transaction((tx) => put(tx, 'lost')),
        ledger.read.get('SELECT 1 AS one'),
      ]);
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ledger_unavailable' } });
      }
      await expect(ledger.read.get('SELECT 1 AS one')).rejects.toMatchObject({ code: 'ledger_unavailable' });
    } finally {
      server.thaw();
    }
    await until(() =>
      ledger
        .transaction((tx) => put(tx, 'after'))
        .then(
          () => true,
          () => false,
        ),
    );
    expect(await names(ledger)).toEqual(['after', 'before']);
  });
});

test('after a fail-over the ledger goes on at the new primary, and a standby alone is refused', async () => {
  await using primary = await startPostgres();
  const database = await primary.createLedger();
  await using standby = await primary.startStandby();
  await expect(openPostgresLedger({ url: standby.url(database) })).rejects.toMatchObject({
    code: 'ledger_read_only',
  });
  const url = `postgres://postgres@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/${database}`;
  await using ledger = await openPostgresLedger({ url, outagePatienceMs: 20_000 });
  await ledger.transaction((tx) => put(tx, 'old'));
  await until(async () => (await standby.query(database, 'SELECT * FROM setting')).length === 1);
  await primary.kill();
  const waiting = ledger.transaction((tx) => put(tx, 'new'));
  await standby.promote();
  await waiting;
  expect(await names(ledger)).toEqual(['new', 'old']);
});

test('a former primary that comes back and takes writes is left alone, by those who know the new one and by newcomers', async () => {
  await using former = await startPostgres();
  const database = await former.createLedger();
  await using successor = await former.startStandby();
  const url = `postgres://postgres@127.0.0.1:${former.port},127.0.0.1:${successor.port}/${database}`;
  await using ledger = await openPostgresLedger({ url, outagePatienceMs: 1_000 });
  const attempt = (name: string): Promise<string> =>
    ledger
      .transaction((tx) => put(tx, name))
      .then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code,
      );
  await former.kill();
  await successor.promote();
  await until(async () => (await attempt('new')) === 'done');
  await former.start();
  await using newcomer = await openPostgresLedger({ url });
  expect(await names(newcomer)).toEqual(['new']);

  await successor.kill();
  await until(async () => (await attempt('astray')) === 'ledger_former_primary');
  expect(await former.query(database, 'SELECT name FROM setting')).toEqual([]);
  await successor.start();
  await until(async () => (await attempt('newer')) === 'done');
  expect(await names(ledger)).toEqual(['new', 'newer']);
});

test('a primary that becomes a standby is left for the one that has taken its place', async () => {
  await using primary = await startPostgres();
  const database = await primary.createLedger();
  await using standby = await primary.startStandby();
  const url = `postgres://postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/${database}`;
  await using ledger = await openPostgresLedger({ url, outagePatienceMs: 20_000 });
  await ledger.transaction((tx) => put(tx, 'old'));
  await until(async () => (await standby.query(database, 'SELECT * FROM setting')).length === 1);
  // From now on it answers a write as a demoted primary does, and ends no session.
  await primary.query('postgres', 'ALTER SYSTEM SET default_transaction_read_only = on');
  await primary.query('postgres', 'SELECT pg_reload_conf()');
  await standby.promote();
  await ledger.transaction((tx) => put(tx, 'new'));
  expect(await names(ledger)).toEqual(['new', 'old']);
});

describe('a server that refuses is named with what to do', () => {
  let guarded: PostgresServer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'budao-password-'));
    guarded = await startPostgres({
      access: ['host all postgres 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256'],
    });
    await guarded.query('postgres', `CREATE ROLE keeper LOGIN PASSWORD 'right' CONNECTION LIMIT 4`);
    await guarded.query('postgres', `CREATE ROLE stranger LOGIN PASSWORD 'right'`);
  });
  afterAll(async () => {
    await guarded[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('a password from a file is read anew at each connect', async () => {
    const database = await guarded.createDatabase();
    await guarded.query('postgres', `ALTER DATABASE ${database} OWNER TO keeper`);
    const passwordPath = join(folder, 'password');
    const url = guarded.url(database, 'keeper');
    await writeFile(passwordPath, 'wrong\n');
    await expect(openPostgresLedger({ url, passwordPath, migrate: true })).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'ledger_login_refused',
    });
    await writeFile(passwordPath, 'right\n');
    await using ledger = await openPostgresLedger({ url, passwordPath, migrate: true });
    await ledger.transaction((tx) => put(tx, 'x'));
    await rm(passwordPath);
    await expect(openPostgresLedger({ url, passwordPath })).rejects.toMatchObject({
      code: 'ledger_login_refused',
    });
  });

  test('more connections than it grants', async () => {
    const url = guarded.url(await guarded.createLedger(), 'keeper:right');
    await guarded.query('postgres', `ALTER ROLE keeper CONNECTION LIMIT 0`);
    await expect(openPostgresLedger({ url })).rejects.toMatchObject({ code: 'ledger_crowded' });
  });

  test('a login without rights', async () => {
    const url = guarded.url(await guarded.createDatabase(), 'stranger:right');
    await expect(migratePostgresLedger({ url })).rejects.toMatchObject({ code: 'ledger_without_rights' });
    const present = guarded.url(await guarded.createLedger(), 'stranger:right');
    await expect(openPostgresLedger({ url: present })).rejects.toMatchObject({
      code: 'ledger_without_rights',
    });
  });

  test('a database that is not there, and a host that is not there', async () => {
    await expect(openPostgresLedger({ url: guarded.url('absent') })).rejects.toMatchObject({
      code: 'ledger_database_missing',
    });
    await expect(
      openPostgresLedger({ url: 'postgres://postgres@127.0.0.1:1,nowhere.invalid:2/x?sslmode=disable' }),
    ).rejects.toMatchObject({
      code: 'ledger_unavailable',
      message: expect.stringMatching(/127\.0\.0\.1:1 .*nowhere\.invalid:2/),
    });
  });

  test('a server that speaks no TLS, where it was asked for', async () => {
    const url = `${guarded.url('postgres')}?sslmode=verify-full`;
    await expect(openPostgresLedger({ url })).rejects.toMatchObject({
      code: 'ledger_unavailable',
      message: expect.stringContaining('sslmode=disable'),
    });
  });
});

describe('the schema', () => {
  test('is brought up to date once, by however many ask for it at the same time', async () => {
    const url = server.url(await server.createDatabase());
    await expect(openPostgresLedger({ url })).rejects.toMatchObject({ code: 'ledger_not_migrated' });
    const outcomes = await Promise.all([1, 2, 3].map(() => migratePostgresLedger({ url })));
    expect(outcomes.map(({ from }) => from).toSorted()).toEqual([0, SCHEMA_VERSION, SCHEMA_VERSION]);
    await using ledger = await openPostgresLedger({ url });
    expect(await names(ledger)).toEqual([]);
  });

  test('of a newer program is left alone', async () => {
    const database = await server.createLedger();
    await server.query(database, `INSERT INTO schema_version (version, name) VALUES (999, 'later')`);
    const url = server.url(database);
    await expect(openPostgresLedger({ url })).rejects.toMatchObject({ code: 'data_folder_newer' });
    await expect(migratePostgresLedger({ url })).rejects.toMatchObject({ code: 'data_folder_newer' });
  });

  test('may gain a column while statements that read it are prepared', async () => {
    const database = await server.createLedger();
    await using ledger = await openPostgresLedger({ url: server.url(database) });
    await ledger.transaction((tx) => put(tx, 'x'));
    await ledger.read.all('SELECT * FROM setting');
    await server.query(database, 'ALTER TABLE setting ADD COLUMN later text');
    expect(await ledger.read.all('SELECT * FROM setting')).toEqual([
      { name: 'x', value: 'x', updated_at: 1, later: null },
    ]);
  });
});

test.runIf(process.getuid?.() === 0)(
  'a full disk is said so, and writes go on when there is room',
  async () => {
    const disk = await mkdtemp(join(tmpdir(), 'budao-small-disk-'));
    const owner = execFileSync('id', ['-u', 'postgres']).toString().trim();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=32m,uid=${owner}`, 'tmpfs', disk]);
    try {
      await server.createLedger();
      await server.query('postgres', `CREATE TABLESPACE small LOCATION '${disk}'`);
      await server.query('postgres', 'CREATE DATABASE small TEMPLATE migrated TABLESPACE small');
      {
        await using ledger = await openPostgresLedger({ url: server.url('small') });
        const value = Array.from({ length: 1_000_000 }, () => Math.random().toString(36)[2]).join('');
        const fill = async (): Promise<void> => {
          for (let count = 0; count < 64; count++) {
            await ledger.transaction((tx) =>
              tx.run('INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, 1)', {
                name: `n${count}`,
                value,
              }),
            );
          }
        };
        await expect(fill()).rejects.toMatchObject({ kind: 'unavailable', code: 'storage_full' });
        execFileSync('mount', ['-o', 'remount,size=128m', disk]);
        await ledger.transaction((tx) => put(tx, 'after'));
        expect(await names(ledger)).toContain('after');
      }
      await server.query('postgres', 'DROP DATABASE small WITH (FORCE)');
      await server.query('postgres', 'DROP TABLESPACE small');
    } finally {
      execFileSync('umount', ['-l', disk]);
      await rm(disk, { recursive: true, force: true });
    }
  },
);
