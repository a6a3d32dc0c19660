import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import type { LedgerFiller, LedgerPicture } from '../../recovery/ports.ts';
import { RESTORE_UNFINISHED } from '../../recovery/restore/unfinished.ts';
import { readPiece, takeTable } from '../../recovery/tables/row-pieces.ts';
import { SOURCE_TABLES } from '../../recovery/tables/table-roles.ts';
import { createPostgresFiller } from './postgres-filler.ts';
import { migratePostgresLedger, openPostgresLedger } from './postgres-ledger.ts';
import { openPostgresPicture } from './postgres-picture.ts';
import { createSqliteFiller } from './sqlite-filler.ts';
import { openSqliteLedger } from './sqlite-ledger.ts';
import { openSqlitePicture } from './sqlite-picture.ts';

let server: PostgresServer;
let folder: string;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-copies-'));
  return () => rm(folder, { recursive: true });
});

/** Rows of every kind of value: long text, other scripts, nulls, reals, the largest integers. */
async function fill(tx: Sql): Promise<void> {
  for (const { name, key } of SOURCE_TABLES) {
    if (name === 'event') continue;
    const columns = COLUMNS.get(name) ?? [];
    for (let number = 0; number < 20; number++) {
      const values = Object.fromEntries(
        columns.map(([column, type, required]): [string, string | number | null] => {
          if (!required && number % 3 === 0 && !key.includes(column)) return [column, null];
          if (type === 'text') return [column, `${column} ${number} 汉字 'q" \\ \n ${'😀'.repeat(number)}`];
          if (type === 'double precision') return [column, number / 7 - 1e-12];
          return [column, Number.MAX_SAFE_INTEGER - number];
        }),
      );
      const names = Object.keys(values);
      await tx.run(
        `INSERT INTO ${name} (${names.join(', ')}) VALUES (${names.map((one) => `:${one}`).join(', ')})`,
        values,
      );
    }
  }
  for (let seq = 1; seq <= 500; seq++) {
    await tx.run(
      `INSERT INTO event (run_id, seq, epoch, type, payload, created_at) VALUES (:run, :seq, 1, 'x', :payload, :seq)`,
      { run: `run_${seq % 7}`, seq, payload: JSON.stringify({ text: 'x'.repeat(seq * 10) }) },
    );
  }
}

type Column = [name: string, type: string, required: boolean];
const COLUMNS = new Map<string, Column[]>();

async function learnColumns(path: string): Promise<void> {
  await using ledger = await openSqliteLedger({ path });
  for (const { name } of SOURCE_TABLES) {
    const columns = await ledger.read.all<{ name: string; type: string; notnull: number }>(
      `SELECT name, type, "notnull" FROM pragma_table_info('${name}')`,
    );
    COLUMNS.set(
      name,
      columns.map((column) => [column.name, column.type, column.notnull === 1]),
    );
  }
}

interface Copied {
  name: string;
  rows: number;
  pieces: { sha256: string; bytes: number }[];
}

/** Fills the ledger with what the picture shows. @returns what a snapshot would list */
async function copy(picture: LedgerPicture, filler: LedgerFiller | null): Promise<Copied[]> {
  await using _ = picture;
  const copied: Copied[] = [];
  await filler?.begin(picture.schemaVersion);
  for (const table of SOURCE_TABLES) {
    const taken = await takeTable(table, withoutMark(picture.rows(table.name)), async ({ content }) => {
      await filler?.insert(table.name, readPiece(content));
    });
    copied.push(taken);
  }
  await filler?.finish();
  await filler?.[Symbol.asyncDispose]();
  return copied;
}

async function* withoutMark(rows: ReturnType<LedgerPicture['rows']>): ReturnType<LedgerPicture['rows']> {
  for await (const row of rows) if (row.name !== RESTORE_UNFINISHED) yield row;
}

describe('a ledger that moves from engine to engine', () => {
  it('is the same by hash after SQLite, PostgreSQL and SQLite again', async () => {
    const first = join(folder, 'first.db');
    await learnColumns(first);
    {
      await using ledger = await openSqliteLedger({ path: first });
      await ledger.transaction(fill);
    }
    const url = server.url(await server.createDatabase());
    const second = join(folder, 'second.db');
    const taken = await copy(openSqlitePicture(first), await createPostgresFiller({ url }));
    expect(taken.every(({ rows }) => rows >= 20)).toBe(true);
    expect(await copy(await openPostgresPicture({ url }), createSqliteFiller(second))).toEqual(taken);
    expect(await copy(openSqlitePicture(second), null)).toEqual(taken);
  });

  it('of an earlier schema is brought forward after it was filled', async () => {
    const url = server.url(await server.createDatabase());
    const path = join(folder, 'filled.db');
    for (const filler of [createSqliteFiller(path), await createPostgresFiller({ url })]) {
      await using _ = filler;
      await filler.begin(1);
      await filler.insert('workspace', [{ id: 'ws', name: 'W', settings: '{}', created_at: 1 }]);
      await filler.insert('membership', [
        { workspace_id: 'ws', account_id: 'user', role: 'owner', created_at: 1 },
      ]);
      await filler.insert('account', [
        {
          id: 'user',
          username: 'u',
          display_name: 'U',
          password_hash: 'h',
          password_changed_at: 0,
          disabled: 0,
          created_at: 1,
        },
      ]);
      await filler.finish();
    }
    const find = 'SELECT operator FROM account';
    await using sqlite = await openSqliteLedger({ path });
    await using postgres = await openPostgresLedger({ url });
    expect(await sqlite.read.get(find)).toEqual({ operator: 1 });
    expect(await postgres.read.get(find)).toEqual({ operator: 1 });
  });
});

describe('a picture', () => {
  it.each(['sqlite', 'postgres'])('shows nothing of what comes later: %s', async (engine) => {
    const path = join(folder, 'ledger.db');
    const url = server.url(await server.createLedger());
    await using ledger =
      engine === 'sqlite' ? await openSqliteLedger({ path }) : await openPostgresLedger({ url });
    const put = (name: string) =>
      ledger.transaction((tx) =>
        tx.run(`INSERT INTO setting (name, value, updated_at) VALUES (:name, 'x', 1)`, { name }),
      );
    await put('before');
    await using picture = engine === 'sqlite' ? openSqlitePicture(path) : await openPostgresPicture({ url });
    await put('after');
    const rows = await Array.fromAsync(picture.rows('setting'));
    expect(rows.map(({ name }) => name)).toEqual(['before']);
    expect(picture.schemaVersion).toBe(SCHEMA_VERSION);
  });
});

describe('a database that is to be filled', () => {
  it('is left alone when it holds an installation, unless told otherwise, and while others use it', async () => {
    const url = server.url(await server.createLedger());
    {
      await using ledger = await openPostgresLedger({ url });
      await ledger.transaction((tx) =>
        tx.run(`INSERT INTO setting (name, value, updated_at) VALUES ('live', 'x', 1)`),
      );
      await using hasty = await createPostgresFiller({ url, replace: true });
      await expect(hasty.begin(SCHEMA_VERSION)).rejects.toMatchObject({ code: 'restore_target_in_use' });
    }
    await using careful = await createPostgresFiller({ url });
    await expect(careful.begin(SCHEMA_VERSION)).rejects.toMatchObject({ code: 'restore_target_not_empty' });
    await careful[Symbol.asyncDispose]();
    await using sure = await createPostgresFiller({ url, replace: true });
    await sure.begin(SCHEMA_VERSION);
    await sure.finish();
    expect(await names(url)).toEqual([RESTORE_UNFINISHED]);
  });

  it('begins anew after a restore that was killed', async () => {
    const url = server.url(await server.createDatabase());
    {
      await using killed = await createPostgresFiller({ url });
      await killed.begin(SCHEMA_VERSION);
      await killed.insert('setting', [{ name: 'half', value: 'x', updated_at: 1 }]);
    }
    expect(await names(url)).toEqual([RESTORE_UNFINISHED]);
    await using again = await createPostgresFiller({ url });
    await again.begin(SCHEMA_VERSION);
    await again.insert('setting', [{ name: 'whole', value: 'x', updated_at: 1 }]);
    await again.finish();
    expect(await names(url)).toEqual([RESTORE_UNFINISHED, 'whole']);
  });

  it('may have been given its schema before', async () => {
    const url = server.url(await server.createDatabase());
    await migratePostgresLedger({ url });
    await using filler = await createPostgresFiller({ url });
    await filler.begin(SCHEMA_VERSION);
    await filler.finish();
    expect(await names(url)).toEqual([RESTORE_UNFINISHED]);
  });
});

async function names(url: string): Promise<string[]> {
  await using ledger = await openPostgresLedger({ url });
  const rows = await ledger.read.all<{ name: string }>('SELECT name FROM setting ORDER BY name');
  return rows.map(({ name }) => name);
}
