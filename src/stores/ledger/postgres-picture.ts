import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import type { LedgerPicture } from '../../recovery/ports.ts';
import { sourceTable } from '../../recovery/tables/table-roles.ts';
import { readPostgresAddress } from './postgres-address.ts';
import { PostgresConnector } from './postgres-connect.ts';
import { translatePostgresError } from './postgres-errors.ts';
import { requireSchema } from './postgres-migrate.ts';

const ROWS_PER_FETCH = 1_000;
/** A picture may be slow to read: nobody waits for it, and it holds no lock that others want. */
const PATIENT_SESSION = `SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
  BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`;

/**
 * The ledger as it is at this moment, for as long as it stays open, in a session of its own.
 *
 * @throws BudaoError ledger_unavailable, ledger_not_migrated and the others of openPostgresLedger
 */
export async function openPostgresPicture(options: {
  url: string;
  passwordPath?: string | null;
}): Promise<LedgerPicture> {
  const connector = new PostgresConnector(readPostgresAddress(options.url), options.passwordPath ?? null);
  const connection = await connector.connect();
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translatePostgresError(error, connection.server) ?? error;
    }
  };
  try {
    await attempt(async () => {
      await connection.command(PATIENT_SESSION);
      await requireSchema(connection);
    });
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    engine: 'postgres',
    schemaVersion: SCHEMA_VERSION,
    async *rows(table) {
      const { name, key } = sourceTable(table);
      const cursor = `picture_of_${name}`;
      const query = `SELECT * FROM ${name} ORDER BY ${key.join(', ')}`;
      await attempt(() => connection.command(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${query}`));
      for (;;) {
        const { rows } = await attempt(() => connection.command(`FETCH ${ROWS_PER_FETCH} FROM ${cursor}`));
        yield* rows as Record<string, string | number | null>[];
        if (rows.length < ROWS_PER_FETCH) break;
      }
      await attempt(() => connection.command(`CLOSE ${cursor}`));
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
