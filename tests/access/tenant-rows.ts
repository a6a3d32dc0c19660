import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TENANT_TABLES } from '../../src/ledger/schema.ts';

/** What the program itself writes on while an answer is being given, and after it. */
const MOVING = new Set(['lease_until', 'last_seq', 'compacted_at']);

/** Everything in the ledger that belongs to a workspace, straight from the file. */
export function tenantRows(dataDir: string, workspaceId: string): Record<string, unknown[]> {
  using database = new DatabaseSync(join(dataDir, 'ledger.db'), { readOnly: true, timeout: 5_000 });
  const read = (statement: string): unknown[] =>
    database
      .prepare(statement)
      .all(workspaceId)
      .map((row) => JSON.stringify(Object.entries(row).filter(([column]) => !MOVING.has(column))))
      .sort();
  const tables = TENANT_TABLES.map((table) => [table, read(`SELECT * FROM ${table} WHERE workspace_id = ?`)]);
  const members = 'SELECT account_id FROM membership WHERE workspace_id = ?';
  return {
    ...(Object.fromEntries(tables) as Record<string, unknown[]>),
    workspace: read('SELECT * FROM workspace WHERE id = ?'),
    account: read(`SELECT * FROM account WHERE id IN (${members})`),
    sign_in_session: read(`SELECT * FROM sign_in_session WHERE account_id IN (${members})`),
  };
}

/** Ends a key's life on the clock of the service that runs. */
export function expireKey(dataDir: string, keyId: string): void {
  using database = new DatabaseSync(join(dataDir, 'ledger.db'), { timeout: 5_000 });
  database.prepare('UPDATE api_key SET expires_at = 1 WHERE id = ?').run(keyId);
}
