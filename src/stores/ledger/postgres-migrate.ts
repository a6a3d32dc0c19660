import { BudaoError } from '../../contract/errors.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from '../../ledger/schema.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { postgresDefinition } from './postgres-statement.ts';

/** Any number that nobody else uses; advisory locks count within one database. */
const MIGRATION_LOCK = 5_062_147_001;

/** The lock belongs to the session, and nothing but the session's end takes it away. */
const PATIENT_SESSION = `SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
  SELECT pg_advisory_lock(${MIGRATION_LOCK})`;

const VERSION_TABLE = `CREATE TABLE IF NOT EXISTS schema_version (
  version bigint PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;

/** What portable SQL uses and PostgreSQL lacks. */
const FUNCTIONS = `CREATE OR REPLACE FUNCTION instr(text, text) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT CAST(strpos($1, $2) AS bigint)'`;

/**
 * Applies the missing migrations, each in a transaction of its own, while every other process that wants to waits.
 * `connection` is a session for nothing else; the caller closes it.
 *
 * @param to an earlier version only for a ledger that is to be filled with what is from that time
 * @throws BudaoError data_folder_newer
 */
export async function migratePostgres(
  connection: PostgresConnection,
  to = SCHEMA_VERSION,
): Promise<{ from: number; to: number }> {
  await connection.command(PATIENT_SESSION);
  const from = await schemaVersion(connection);
  refuseNewer(from);
  if (from === 0) await connection.command(`${VERSION_TABLE}; ${FUNCTIONS}`);
  for (const migration of MIGRATIONS.slice(from, to)) await apply(connection, migration);
  return { from, to };
}

/** @throws BudaoError data_folder_newer, ledger_not_migrated */
export async function requireSchema(sql: Sql): Promise<void> {
  const present = await schemaVersion(sql);
  refuseNewer(present);
  if (present === SCHEMA_VERSION) return;
  throw new BudaoError(
    'conflict',
    'ledger_not_migrated',
    `The ledger's database has schema version ${present}, this program needs ${SCHEMA_VERSION}. ` +
      'Run `budao migrate` once; it waits for its turn, and the processes that run may go on.',
  );
}

/** One round trip: all or nothing. */
async function apply(connection: PostgresConnection, migration: Migration): Promise<void> {
  const record = `INSERT INTO schema_version (version, name) VALUES (${migration.version}, '${migration.name}')`;
  try {
    await connection.command(
      ['BEGIN', ...migration.statements.map(postgresDefinition), record, 'COMMIT'].join(';\n'),
    );
  } catch (error) {
    if (connection.isUsable) await connection.command('ROLLBACK');
    throw error;
  }
}

/** 0 for a database without a ledger. */
export async function schemaVersion(sql: Sql): Promise<number> {
  const table = await sql.get<{ name: string | null }>(
    `SELECT CAST(to_regclass('schema_version') AS text) AS name`,
  );
  if (table?.name == null) return 0;
  const row = await sql.get<{ version: number }>(
    'SELECT COALESCE(max(version), 0) AS version FROM schema_version',
  );
  return row?.version ?? 0;
}

function refuseNewer(present: number): void {
  if (present <= SCHEMA_VERSION) return;
  throw new BudaoError(
    'conflict',
    'data_folder_newer',
    `The ledger's database has schema version ${present}, this program knows up to ${SCHEMA_VERSION}. ` +
      'Start the newer program again, or restore a backup made with this version.',
  );
}
