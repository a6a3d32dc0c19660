/** What was set by hand, for all processes of the installation. Every change is kept: who, when, and why. */
import { BudaoError } from '../contract/errors.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import type { Forcing } from './circuit.ts';

/** Several people at once is rare; a database that is away shows itself otherwise. */
const MAX_TRIES = 20;
const MAX_OVERRIDES_LISTED = 100;

export interface Override {
  /** Counts from 1 over all dependencies. */
  version: number;
  dependency: string;
  forced: Forcing;
  note: string | null;
  /** Account or key. */
  actor: string | null;
  createdAt: number;
}

const COLUMNS = 'version, dependency, forced, note, actor, created_at AS "createdAt"';

export async function setOverride(
  ledger: Ledger,
  change: Pick<Override, 'dependency' | 'forced' | 'note' | 'actor'>,
): Promise<Override> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const row = { ...change, now: ledgerTime() };
    const added = await ledger.transaction((tx) =>
      tx.get<Override>(
        `INSERT INTO dependency_override (version, dependency, forced, note, actor, created_at)
         SELECT COALESCE(max(version), 0) + 1, CAST(:dependency AS text), CAST(:forced AS text), CAST(:note AS text),
           CAST(:actor AS text), CAST(:now AS bigint) FROM dependency_override
         WHERE 1 = 1
         ON CONFLICT (version) DO NOTHING RETURNING ${COLUMNS}`,
        row,
      ),
    );
    if (added !== undefined) return { ...added, version: Number(added.version) };
  }
  throw new BudaoError(
    'unavailable',
    'ledger_busy',
    'Others change the same settings. Try again in a moment.',
  );
}

/** Grows with every change. */
export async function overrideVersion(sql: Sql): Promise<number> {
  const row = await sql.get<{ version: number }>(
    'SELECT COALESCE(max(version), 0) AS version FROM dependency_override',
  );
  return Number(row?.version ?? 0);
}

/** What counts now, one for each dependency that was ever set by hand. */
export async function currentOverrides(sql: Sql): Promise<Override[]> {
  return sql.all<Override>(
    `SELECT ${COLUMNS} FROM dependency_override AS newest
     WHERE version = (SELECT max(version) FROM dependency_override AS other WHERE other.dependency = newest.dependency)
     ORDER BY dependency`,
  );
}

/** The changes of one dependency, or of all, newest first. */
export async function listOverrides(sql: Sql, dependency: string | null): Promise<Override[]> {
  return sql.all<Override>(
    `SELECT ${COLUMNS} FROM dependency_override ${dependency === null ? '' : 'WHERE dependency = :dependency'}
     ORDER BY version DESC LIMIT :limit`,
    { limit: MAX_OVERRIDES_LISTED, ...(dependency === null ? {} : { dependency }) },
  );
}
