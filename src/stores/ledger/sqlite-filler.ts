import { open } from 'node:fs/promises';
import type { StatementSync } from 'node:sqlite';
import type { LedgerFiller } from '../../recovery/ports.ts';
import { RESTORE_UNFINISHED } from '../../recovery/restore/unfinished.ts';
import { FilledCounts } from './filled-counts.ts';
import { SqliteConnection, translateSqliteError } from './sqlite-connection.ts';
import { migrateSqlite } from './sqlite-migrate.ts';

/** Nothing has to survive before the end: what was killed begins anew. */
const PRAGMAS = [
  'journal_mode = OFF',
  'synchronous = OFF',
  'locking_mode = EXCLUSIVE',
  'temp_store = MEMORY',
  'cache_size = -64000',
];

/** Fills a file that is not there yet, in one go. @throws BudaoError storage_full, ledger_unavailable */
export function createSqliteFiller(path: string): LedgerFiller {
  const connection = new SqliteConnection(path, PRAGMAS);
  const { database } = connection;
  const statements = new Map<string, StatementSync>();
  const counts = new FilledCounts();
  const statementFor = (table: string, columns: readonly string[]): StatementSync => {
    const text = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
    const known = statements.get(text) ?? database.prepare(text);
    statements.set(text, known);
    return known;
  };
  return {
    async begin(version) {
      await attempt(() => {
        migrateSqlite(database, version);
        database.exec('BEGIN');
        database
          .prepare('INSERT INTO setting (name, value, updated_at) VALUES (?, ?, 0)')
          .run(RESTORE_UNFINISHED, 'true');
      });
    },
    async insert(table, rows) {
      await attempt(() => {
        for (const row of rows) statementFor(table, Object.keys(row)).run(...Object.values(row));
      });
      counts.add(table, rows.length);
    },
    async finish() {
      await attempt(() => {
        database.exec('COMMIT');
        counts.compare((table) =>
          Number(database.prepare(`SELECT count(*) AS number FROM ${table}`).get()?.number),
        );
        migrateSqlite(database);
        database.exec('PRAGMA optimize');
      });
      connection.close();
      await using file = await open(path, 'r+');
      await file.sync();
    },
    async [Symbol.asyncDispose]() {
      connection.close();
    },
  };
}

async function attempt(work: () => void): Promise<void> {
  try {
    work();
  } catch (error) {
    throw translateSqliteError(error) ?? error;
  }
}
