import type { DatabaseSync } from 'node:sqlite';
import { BudaoError } from '../../contract/errors.ts';
import { MIGRATIONS, SCHEMA_VERSION } from '../../ledger/schema.ts';

/**
 * Applies the missing migrations in one transaction.
 *
 * @param to an earlier version only for a ledger that is to be filled with what is from that time
 * @throws BudaoError data_folder_newer
 */
export function migrateSqlite(database: DatabaseSync, to = SCHEMA_VERSION): void {
  if (schemaVersion(database) === to) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const present = schemaVersion(database);
    if (present > SCHEMA_VERSION) {
      throw new BudaoError(
        'conflict',
        'data_folder_newer',
        `The data folder has schema version ${present}, this program knows up to ${SCHEMA_VERSION}. ` +
          'Start the newer program again, or restore a snapshot made by this version.',
      );
    }
    for (const migration of MIGRATIONS.slice(present, to)) {
      for (const statement of migration.statements) database.exec(statement);
    }
    database.exec(`PRAGMA user_version = ${to}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Of a file that was a ledger of this version before. */
export function isMigrated(database: DatabaseSync): boolean {
  return schemaVersion(database) === SCHEMA_VERSION;
}

export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}
