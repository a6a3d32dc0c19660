import { BudaoError } from '../../contract/errors.ts';
import type { Sql } from '../../ledger/ledger.ts';

const NEEDED = `ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']`;
const MISSING = `SELECT CAST(c.relname AS text) AS name, string_agg(needed.privilege, ', ') AS privileges
  FROM pg_class c CROSS JOIN unnest(${NEEDED}) AS needed(privilege)
  WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind IN ('r', 'p') AND c.relname <> 'schema_version'
    AND NOT has_table_privilege(c.oid, needed.privilege)
  GROUP BY c.relname ORDER BY c.relname`;
const LOGIN = `SELECT CAST(current_user AS text) AS name, CAST(current_schema() AS text) AS schema,
  CASE WHEN has_schema_privilege(current_schema(), 'CREATE') THEN 1 ELSE 0 END AS "mayCreate"`;

/**
 * Looks for rights that the login lacks on any table: one that is missing on a table that is seldom written would show
 * itself months later.
 *
 * @returns a remark for whoever migrates with the same login, or nothing
 * @throws BudaoError ledger_without_rights, with every table
 */
export async function requirePostgresRights(sql: Sql): Promise<string> {
  const missing = await sql.all<{ name: string; privileges: string }>(MISSING);
  const login = await sql.get<{ name: string; schema: string; mayCreate: number }>(LOGIN);
  if (missing.length > 0) {
    const list = missing.map(({ name, privileges }) => `${privileges} on ${name}`).join('; ');
    throw new BudaoError(
      'unavailable',
      'ledger_without_rights',
      `The login ${login?.name} lacks rights: ${list}. As the owner of the tables: ` +
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${login?.schema} TO ${login?.name};`,
    );
  }
  return login?.mayCreate === 1 ? '' : 'may not create tables: run `budao migrate` with a login that may';
}
