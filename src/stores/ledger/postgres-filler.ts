import { BudaoError } from '../../contract/errors.ts';
import type { LedgerFiller } from '../../recovery/ports.ts';
import { RESTORE_UNFINISHED } from '../../recovery/restore/unfinished.ts';
import { LEFT_TABLES, SOURCE_TABLES } from '../../recovery/tables/table-roles.ts';
import { FilledCounts } from './filled-counts.ts';
import { readPostgresAddress } from './postgres-address.ts';
import { PostgresConnector } from './postgres-connect.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { translatePostgresError } from './postgres-errors.ts';
import { migratePostgres, schemaVersion } from './postgres-migrate.ts';

const TABLES = [...SOURCE_TABLES.map(({ name }) => name), ...Object.keys(LEFT_TABLES)];
const OTHER_SESSIONS = `SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database()
  AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;

export type TargetState = 'empty' | 'unfinished' | 'occupied';

/** What a restore would find in the database. */
export async function lookIntoPostgres(options: {
  url: string;
  passwordPath?: string | null;
}): Promise<TargetState> {
  return inSession(options, stateOf);
}

/**
 * Fills a database in one transaction. One that is occupied is emptied for `replace` alone, and never while others are
 * connected to it.
 *
 * @throws BudaoError restore_target_not_empty, restore_target_in_use, and those of openPostgresLedger
 */
export async function createPostgresFiller(options: {
  url: string;
  passwordPath?: string | null;
  replace?: boolean;
}): Promise<LedgerFiller> {
  const connection = await connect(options);
  const counts = new FilledCounts();
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translatePostgresError(error, connection.server) ?? error;
    }
  };
  return {
    begin: (version) =>
      attempt(async () => {
        await makeRoom(connection, options.replace === true);
        await migratePostgres(connection, version);
        await connection.command(
          `INSERT INTO setting (name, value, updated_at) VALUES ('${RESTORE_UNFINISHED}', 'true', 0)`,
        );
        await connection.command('SET idle_in_transaction_session_timeout = 0; BEGIN');
      }),
    insert: (table, rows) =>
      attempt(async () => {
        const columns = Object.keys(rows[0] ?? {}).join(', ');
        if (columns === '') return;
        await connection.run(
          `INSERT INTO ${table} (${columns})
           SELECT ${columns} FROM json_populate_recordset(CAST(NULL AS ${table}), CAST(:rows AS json))`,
          { rows: JSON.stringify(rows) },
        );
        counts.add(table, rows.length);
      }),
    finish: () =>
      attempt(async () => {
        await connection.commit();
        const found = new Map<string, number>();
        for (const table of counts.tables) {
          const row = await connection.get<{ number: number }>(`SELECT count(*) AS number FROM ${table}`);
          found.set(table, row?.number ?? 0);
        }
        counts.compare((table) => found.get(table) ?? 0);
        await migratePostgres(connection);
        await connection.command('ANALYZE');
      }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

async function makeRoom(connection: PostgresConnection, replace: boolean): Promise<void> {
  const state = await stateOf(connection);
  if (state === 'empty') return;
  if (state === 'occupied' && !replace) {
    throw new BudaoError(
      'conflict',
      'restore_target_not_empty',
      "The ledger's database holds an installation already. Name an empty database in the configuration, or give " +
        '--replace to have its content deleted and the snapshot put in its place.',
    );
  }
  const others = await connection.get<{ number: number }>(OTHER_SESSIONS);
  if ((others?.number ?? 0) > 0) {
    throw new BudaoError(
      'conflict',
      'restore_target_in_use',
      `${others?.number} other sessions are connected to the ledger's database. Stop the service on every node first.`,
    );
  }
  await connection.command(
    `DROP TABLE IF EXISTS ${[...TABLES, 'schema_version'].join(', ')}; DROP FUNCTION IF EXISTS instr(text, text)`,
  );
}

async function stateOf(connection: PostgresConnection): Promise<TargetState> {
  if ((await schemaVersion(connection)) === 0) return 'empty';
  const mark = await connection.get(`SELECT 1 AS one FROM setting WHERE name = '${RESTORE_UNFINISHED}'`);
  if (mark !== undefined) return 'unfinished';
  // A schema that `budao migrate` has made, and nobody has used.
  const used = await connection.get(
    'SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM workspace) OR EXISTS (SELECT 1 FROM setting)',
  );
  return used === undefined ? 'unfinished' : 'occupied';
}

async function connect(options: { url: string; passwordPath?: string | null }): Promise<PostgresConnection> {
  return new PostgresConnector(readPostgresAddress(options.url), options.passwordPath ?? null).connect();
}

async function inSession<T>(
  options: { url: string; passwordPath?: string | null },
  work: (connection: PostgresConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect(options);
  try {
    return await work(connection);
  } catch (error) {
    throw translatePostgresError(error, connection.server) ?? error;
  } finally {
    await connection.close();
  }
}
