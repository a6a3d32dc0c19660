import { DatabaseSync } from 'node:sqlite';
import { translateSqliteError } from './sqlite-connection.ts';
import { schemaVersion } from './sqlite-migrate.ts';

/**
 * The schema of a ledger file, read without changing it as opening it would.
 *
 * @throws BudaoError ledger_unavailable, ledger_corrupt
 */
export function readSqliteVersion(path: string): number {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
    return schemaVersion(database);
  } catch (error) {
    throw translateSqliteError(error) ?? error;
  } finally {
    database?.close();
  }
}
