import { BudaoError } from '../../contract/errors.ts';
import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import type { LedgerPicture } from '../../recovery/ports.ts';
import { sourceTable } from '../../recovery/tables/table-roles.ts';
import { SqliteConnection, translateSqliteError } from './sqlite-connection.ts';
import { schemaVersion } from './sqlite-migrate.ts';

const PRAGMAS = ['busy_timeout = 5000', 'query_only = ON', 'cache_size = -16000'];

/**
 * The ledger as it is at this moment, for as long as it stays open; the log cannot be folded into the file meanwhile.
 * Reading takes the thread that it happens in.
 *
 * @throws BudaoError ledger_unavailable, ledger_corrupt, ledger_not_migrated
 */
export function openSqlitePicture(
  path: string,
  options: { ofAnyVersion: boolean } = { ofAnyVersion: false },
): LedgerPicture & { tables: readonly string[] } {
  const connection = open(path, options);
  const { database } = connection;
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  return {
    engine: 'sqlite',
    schemaVersion: schemaVersion(database),
    tables: tables.map(({ name }) => String(name)),
    async *rows(table) {
      const { name, key } = sourceTable(table);
      const statement = database.prepare(`SELECT * FROM ${name} ORDER BY ${key.join(', ')}`);
      try {
        yield* statement.iterate() as Iterable<Record<string, string | number | null>>;
      } catch (error) {
        throw translateSqliteError(error) ?? error;
      }
    },
    async [Symbol.asyncDispose]() {
      connection.close();
    },
  };
}

function open(path: string, { ofAnyVersion }: { ofAnyVersion: boolean }): SqliteConnection {
  let connection: SqliteConnection | null = null;
  try {
    connection = new SqliteConnection(path, PRAGMAS);
    connection.database.exec('BEGIN');
    // The first read is what fixes the picture.
    connection.database.prepare('SELECT count(*) FROM workspace').get();
    const present = schemaVersion(connection.database);
    if (present > SCHEMA_VERSION || (present !== SCHEMA_VERSION && !ofAnyVersion))
      throw otherVersion(present);
    return connection;
  } catch (error) {
    connection?.close();
    throw translateSqliteError(error) ?? error;
  }
}

function otherVersion(present: number): BudaoError {
  return new BudaoError(
    'conflict',
    'ledger_not_migrated',
    `The ledger has schema version ${present}, this program takes snapshots of ${SCHEMA_VERSION}. Start the service ` +
      'with this program once: that brings it up to date.',
  );
}
