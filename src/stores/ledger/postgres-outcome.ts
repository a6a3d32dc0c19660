import { setTimeout as sleep } from 'node:timers/promises';
import type { CommitLostError, PostgresConnection, ServerIdentity } from './postgres-connection.ts';

export type CommitOutcome = 'committed' | 'aborted' | 'unknown';

/** A session that has not yet noticed that its client is gone may still be committing. */
const ASK_AGAIN_MS = 100;
const MAX_ASKS = 30;

/** What became of a transaction whose COMMIT was not answered, asked on a new connection. */
export async function outcomeOf(
  lost: CommitLostError,
  read: <T>(ask: (connection: PostgresConnection) => Promise<T>) => Promise<T>,
): Promise<CommitOutcome> {
  const { number, identity } = lost;
  // Nothing had been written, so nothing can be missing.
  if (number === null) return 'committed';
  if (number === undefined || identity === null) return 'unknown';
  for (let asks = 0; asks < MAX_ASKS; asks++) {
    const status = await read((connection) => statusOf(connection, number, identity));
    if (status === 'committed' || status === 'aborted') return status;
    if (status !== 'in progress') return 'unknown';
    await sleep(ASK_AGAIN_MS);
  }
  return 'unknown';
}

/** After a fail-over the same number may be another transaction's. */
async function statusOf(
  connection: PostgresConnection,
  number: string,
  before: ServerIdentity,
): Promise<string | null> {
  const now = connection.identity;
  if (now?.systemIdentifier !== before.systemIdentifier || now.timeline !== before.timeline) return null;
  const row = await connection.get<{ status: string | null }>(
    'SELECT pg_xact_status(CAST(:number AS xid8)) AS status',
    { number },
  );
  return row?.status ?? null;
}
