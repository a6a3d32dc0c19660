/** Stands in for the SQLite adapter, so that tests of the domain run on PostgreSQL as they are. */
import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openPostgresLedger } from '../../src/stores/ledger/postgres-ledger.ts';
import { until } from './until.ts';

/** A path stands for a database of its own: opened again, it is the same one. */
export async function openSqliteLedger({ path }: { path: string }): Promise<Ledger> {
  const { serverUrl, template } = inject('postgres');
  const name = `ledger_${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  const client = new Client({ connectionString: `${serverUrl}/postgres` });
  await client.connect();
  try {
    const present = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    // Copies of one template wait for each other by being refused.
    if (present.rowCount === 0) await until(() => tryCopy(client, name, template));
  } finally {
    await client.end();
  }
  const ledger = await openPostgresLedger({ url: `${serverUrl}/${name}` });
  await makeConnections(ledger);
  return ledger;
}

/** They are made one after another: only with several at hand, transactions really run at the same time. */
async function makeConnections(ledger: Ledger): Promise<void> {
  const pause = () => ledger.transaction((tx) => tx.get('SELECT CAST(pg_sleep(0.02) AS text) AS slept'));
  await Promise.all([pause(), pause(), pause()]);
}

async function tryCopy(client: Client, name: string, template: string): Promise<boolean> {
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '55006') return false;
    throw error;
  }
}
