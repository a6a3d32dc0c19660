import type { PostgresConnection } from './postgres-connection.ts';
import { sqlState } from './postgres-errors.ts';

/** The damage that was found, and what an operator should know of it: what could not be checked, what invites damage. */
export interface IntegrityReport {
  problems: string[];
  remarks: string[];
}

const MAX_PROBLEMS = 50;

const SETTINGS = `SELECT name, setting FROM pg_settings
  WHERE name IN ('data_checksums', 'fsync', 'full_page_writes')`;
const AMCHECK = `SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'amcheck'`;
const RELATIONS = `SELECT CAST(c.oid AS text) AS oid, c.relname AS name, CAST(c.relkind AS text) AS kind FROM pg_class c
  JOIN pg_am a ON a.oid = c.relam
  WHERE c.relnamespace = current_schema()::regnamespace AND (c.relkind = 'r' OR a.amname = 'btree')
  ORDER BY c.relname`;

/** Reads every table and index where the extension amcheck is there and this login may use it. */
export async function examinePostgres(connection: PostgresConnection): Promise<IntegrityReport> {
  const report: IntegrityReport = { problems: [], remarks: [] };
  await connection.command('SET statement_timeout = 0');
  await examineSettings(connection, report);
  const [amcheck] = (await connection.command(AMCHECK)).rows as { schema: string }[];
  if (amcheck === undefined) {
    report.remarks.push(
      'Tables and indexes: the extension amcheck is not installed. As superuser: CREATE EXTENSION amcheck.',
    );
    return report;
  }
  const { rows } = await connection.command(RELATIONS);
  for (const relation of rows as { oid: string; name: string; kind: string }[]) {
    if (report.problems.length >= MAX_PROBLEMS) break;
    const schema = `"${amcheck.schema.replaceAll('"', '""')}"`;
    await attempt(relation.name, report, async () => {
      if (relation.kind === 'r') await examineTable(connection, schema, relation, report);
      else await connection.command(`SELECT ${schema}.bt_index_check(${relation.oid}, true)`);
    });
  }
  return report;
}

async function examineSettings(connection: PostgresConnection, report: IntegrityReport): Promise<void> {
  const { rows } = await connection.command(SETTINGS);
  const settings = new Map(rows.map((row) => [row.name as string, row.setting as string]));
  for (const name of ['fsync', 'full_page_writes']) {
    if (settings.get(name) === 'off') {
      report.remarks.push(`${name} is off on ${connection.server}: a power cut can destroy the database.`);
    }
  }
  if (settings.get('data_checksums') === 'off') {
    report.remarks.push(
      'Bytes on disk: data checksums are off, so a flipped bit goes unnoticed. Stop the server and run pg_checksums --enable.',
    );
  }
}

async function examineTable(
  connection: PostgresConnection,
  schema: string,
  table: { oid: string; name: string },
  report: IntegrityReport,
): Promise<void> {
  const { rows } = await connection.command(
    `SELECT blkno, msg FROM ${schema}.verify_heapam(${table.oid}::regclass) LIMIT ${MAX_PROBLEMS}`,
  );
  for (const { blkno, msg } of rows)
    report.problems.push(`table ${table.name}, block ${String(blkno)}: ${String(msg)}`);
}

/** What the server says of a relation is a finding, unless it only refuses the look. */
async function attempt(name: string, report: IntegrityReport, look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (error) {
    const state = sqlState(error);
    if (state === undefined) throw error;
    const line = `${name}: ${(error as Error).message}`;
    if (state === '42501' || state === '42883') report.remarks.push(line);
    else report.problems.push(line);
  }
}
