import type { Sql } from '../ledger/ledger.ts';

/** The open runs of one kind in one workspace. Times are milliseconds since 1970. */
export interface OpenRuns {
  kind: string;
  workspaceId: string;
  /** A worker holds them. */
  running: number;
  /** A worker may take them up at once. */
  waiting: number;
  /** They wait for something that is away. */
  deferred: number;
  /** They are to be done, or tried again, later. */
  later: number;
  /** Since when the first of those that wait could have been taken up. */
  waitsSince: number | null;
  /** When the first of those that are deferred was asked for. */
  deferredSince: number | null;
}

const DEFERRED = 'owner IS NULL AND deferral IS NOT NULL';
const WAITING = 'owner IS NULL AND deferral IS NULL AND available_at <= :now';

/** Reads nothing but the rows of open runs, which an index holds. */
export async function countOpenRuns(sql: Sql, now: number): Promise<OpenRuns[]> {
  const rows = await sql.all<OpenRuns>(
    `SELECT kind, workspace_id AS "workspaceId",
       SUM(CASE WHEN owner IS NOT NULL THEN 1 ELSE 0 END) AS running,
       SUM(CASE WHEN ${WAITING} THEN 1 ELSE 0 END) AS waiting,
       SUM(CASE WHEN ${DEFERRED} THEN 1 ELSE 0 END) AS deferred,
       SUM(CASE WHEN owner IS NULL AND deferral IS NULL AND available_at > :now THEN 1 ELSE 0 END) AS later,
       MIN(CASE WHEN ${WAITING} THEN CASE WHEN available_at > created_at THEN available_at ELSE created_at END END)
         AS "waitsSince",
       MIN(CASE WHEN ${DEFERRED} THEN created_at END) AS "deferredSince"
     FROM run WHERE status IN ('queued', 'running')
     GROUP BY kind, workspace_id ORDER BY kind, workspace_id`,
    { now },
  );
  return rows.map(({ kind, workspaceId, running, waiting, deferred, later, waitsSince, deferredSince }) => ({
    kind,
    workspaceId,
    running: Number(running),
    waiting: Number(waiting),
    deferred: Number(deferred),
    later: Number(later),
    waitsSince: waitsSince === null ? null : Number(waitsSince),
    deferredSince: deferredSince === null ? null : Number(deferredSince),
  }));
}
