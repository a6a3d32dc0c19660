import { INTERACTIVE_PRIORITY } from '../../answers/turns.ts';
import { ANSWER_RUN } from '../../contract/answer.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { claimableQueues } from '../../runs/claim-queues.ts';

/** The living processes of the installation, as far as admission needs to know them. */
export interface Capacity {
  /** Answers that all living workers together write at once; 0 while there is none. */
  answerSlots: number;
  apiProcesses: number;
}

/** What one workspace has open. Questions for later do not count while they wait: nobody watches them. */
export interface OpenAnswers {
  waiting: number;
  underway: number;
}

/** What the ledger says about the load of the whole installation. */
export interface LoadSample {
  open: ReadonlyMap<string, OpenAnswers>;
  /** How long the oldest question that could be claimed has waited for that; 0 when none waits. */
  waitMs: number;
}

const UNDERWAY = `
  SELECT workspace_id AS "workspaceId", count(*) AS count FROM run
  WHERE kind = :kind AND owner IS NOT NULL AND status = 'running' GROUP BY workspace_id`;
const WAITING = `
  SELECT workspace_id AS "workspaceId", count(*) AS count FROM run
  WHERE kind = :kind AND owner IS NULL AND status IN ('queued', 'running') AND priority >= :priority
    AND available_at <= :now GROUP BY workspace_id`;

type CountRow = { workspaceId: string; count: number };

export async function sampleLoad(sql: Sql, now: number): Promise<LoadSample> {
  const kind = ANSWER_RUN;
  const open = new Map<string, OpenAnswers>();
  for (const { workspaceId, count } of await sql.all<CountRow>(UNDERWAY, { kind })) {
    open.set(workspaceId, { waiting: 0, underway: Number(count) });
  }
  const waiting = await sql.all<CountRow>(WAITING, { kind, now, priority: INTERACTIVE_PRIORITY });
  for (const { workspaceId, count } of waiting) {
    open.set(workspaceId, { waiting: Number(count), underway: open.get(workspaceId)?.underway ?? 0 });
  }
  if (waiting.length === 0) return { open, waitMs: 0 };
  // What waits for its own conversation, or for its workspace's limit, does not wait for the service.
  const since = (await claimableQueues(sql, [kind], now))
    .filter((queue) => queue.priority >= INTERACTIVE_PRIORITY)
    .map((queue) => queue.claimableSince);
  return { open, waitMs: Math.max(0, ...since.map((at) => now - at)) };
}

/** Questions of a workspace that wait, those for later too; counted up to `limit`. */
export async function countQueued(sql: Sql, workspaceId: string, limit: number): Promise<number> {
  const row = await sql.get<{ count: number }>(
    `SELECT count(*) AS count FROM (
       SELECT 1 AS one FROM run WHERE kind = :kind AND workspace_id = :workspaceId
         AND owner IS NULL AND status IN ('queued', 'running') LIMIT :limit) AS queued`,
    { kind: ANSWER_RUN, workspaceId, limit },
  );
  return Number(row?.count ?? 0);
}
