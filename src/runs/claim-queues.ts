import { runningLimit } from '../contract/workspace-limits.ts';
import type { Sql } from '../ledger/ledger.ts';
import { listParams } from './run-rows.ts';

/** What waits in one workspace with one priority. */
export interface ClaimQueue {
  kind: string;
  workspaceId: string;
  priority: number;
  /** When its first run was submitted. */
  oldestAt: number;
  /** Runs of this kind that the workspace has under way. */
  underway: number;
  /** At most so many may be. */
  limit: number;
}

/** A run that may be worked on, as far as its own row tells. */
export const CLAIMABLE = `
  status IN ('queued', 'running') AND available_at <= :now AND deadline_at > :now AND attempts < max_attempts`;
/**
 * Runs of one kind and subject go one after another, oldest first. Most have no subject: that is asked first, or a
 * planner makes a join over all that waits of it.
 */
export const FIRST_OF_ITS_SUBJECT = `(candidate.subject_id IS NULL OR NOT EXISTS (
  SELECT 1 FROM run AS other
  WHERE other.workspace_id = candidate.workspace_id AND other.subject_id = candidate.subject_id
    AND other.kind = candidate.kind AND other.status IN ('queued', 'running') AND other.id <> candidate.id
    AND (other.owner IS NOT NULL OR other.created_at < candidate.created_at
      OR (other.created_at = candidate.created_at AND other.id < candidate.id))))`;

/**
 * The queues of these kinds. Steps from the head of one queue to the head of the next through the index `run_waiting`,
 * so that it costs as much as there are workspaces that wait, however long their queues are.
 */
export async function claimQueues(sql: Sql, kinds: readonly string[]): Promise<ClaimQueue[]> {
  const { names, params } = listParams('kind', kinds);
  return withRoom(await sql.all<QueueRow>(queuesOf(names), params));
}

/** Those of them of which something can be claimed now, and since when. */
export async function claimableQueues(
  sql: Sql,
  kinds: readonly string[],
  now: number,
): Promise<(ClaimQueue & { claimableSince: number })[]> {
  const { names, params } = listParams('kind', kinds);
  const rows = await sql.all<QueueRow & { claimableSince: number | null }>(
    queuesOf(names, `, ${CLAIMABLE_SINCE} AS "claimableSince"`),
    { ...params, now },
  );
  return withRoom(rows.filter(isClaimable));
}

function isClaimable<Row extends { claimableSince: number | null }>(
  row: Row,
): row is Row & { claimableSince: number } {
  return row.claimableSince !== null;
}

/** Without those whose workspace has as much under way as it may. */
function withRoom<Row extends QueueRow>(rows: readonly Row[]): (Row & { limit: number })[] {
  return rows
    .map((row) => ({
      ...row,
      underway: Number(row.underway),
      limit: runningLimit(row.kind, row.settings),
    }))
    .filter((queue) => queue.underway < queue.limit);
}

type QueueRow = Omit<ClaimQueue, 'limit'> & { settings: string | null };

const queuesOf = (kindNames: string, more = ''): string => `
  WITH RECURSIVE head (id) AS (
    SELECT (SELECT id FROM run WHERE kind = wanted.kind AND owner IS NULL AND status IN ('queued', 'running')
            ORDER BY workspace_id, priority, created_at, id LIMIT 1)
    FROM (${kindNames
      .split(', ')
      .map((name) => `SELECT ${name} AS kind`)
      .join(' UNION ')}) AS wanted
    UNION ALL
    SELECT COALESCE(
      (SELECT next.id FROM run AS next
       WHERE next.kind = previous.kind AND next.owner IS NULL AND next.status IN ('queued', 'running')
         AND next.workspace_id = previous.workspace_id AND next.priority > previous.priority
       ORDER BY next.priority, next.created_at, next.id LIMIT 1),
      (SELECT next.id FROM run AS next
       WHERE next.kind = previous.kind AND next.owner IS NULL AND next.status IN ('queued', 'running')
         AND next.workspace_id > previous.workspace_id
       ORDER BY next.workspace_id, next.priority, next.created_at, next.id LIMIT 1))
    FROM head JOIN run AS previous ON previous.id = head.id)
  SELECT queue.kind, queue.workspace_id AS "workspaceId", queue.priority, queue.created_at AS "oldestAt",
    (SELECT count(*) FROM run AS held WHERE held.kind = queue.kind AND held.workspace_id = queue.workspace_id
       AND held.owner IS NOT NULL AND held.status = 'running') AS underway,
    (SELECT settings FROM workspace WHERE workspace.id = queue.workspace_id) AS settings${more}
  FROM head JOIN run AS queue ON queue.id = head.id`;

/** Scalar, so that no planner turns it into a join over all that waits. */
const CLAIMABLE_SINCE = `
  (SELECT candidate.available_at FROM run AS candidate
   WHERE candidate.kind = queue.kind AND candidate.workspace_id = queue.workspace_id
     AND candidate.priority = queue.priority AND ${CLAIMABLE} AND owner IS NULL AND ${FIRST_OF_ITS_SUBJECT}
   ORDER BY candidate.created_at, candidate.id LIMIT 1)`;

/** Bounds what a worker remembers; of who was forgotten it is the turn. */
const MAX_REMEMBERED_TURNS = 10_000;

/** Remembers whose turn it was, for workspaces that have equally much under way: with one slot that is all of them. */
export class ClaimTurns {
  readonly #last = new Map<string, number>();
  #count = 0;

  lastOf(queue: ClaimQueue): number {
    return this.#last.get(`${queue.kind} ${queue.workspaceId}`) ?? 0;
  }

  served(queue: ClaimQueue): void {
    if (this.#last.size >= MAX_REMEMBERED_TURNS) this.#last.clear();
    this.#last.set(`${queue.kind} ${queue.workspaceId}`, ++this.#count);
  }
}

/**
 * Who gets the free slots: the most urgent runs first; among equally urgent ones each slot goes to the workspace that
 * has least under way, then to the one whose turn is longest ago, then to the one that waits longest. So nobody's
 * question waits for more than the next slot that becomes free, however many another workspace has queued.
 *
 * @returns how many slots each queue is offered; only queues of the highest priority
 */
export function shareSlots(
  queues: readonly ClaimQueue[],
  slots: number,
  turns: ClaimTurns,
): Map<ClaimQueue, number> {
  const offers = new Map<ClaimQueue, number>();
  const priority = Math.max(...queues.map((queue) => queue.priority));
  const competing = queues
    .filter((queue) => queue.priority === priority)
    .sort((one, other) => turns.lastOf(one) - turns.lastOf(other) || one.oldestAt - other.oldestAt);
  const underway = ({ limit, ...queue }: ClaimQueue, offered: number): number =>
    queue.underway + offered < limit ? queue.underway + offered : Number.POSITIVE_INFINITY;
  for (let left = slots; left > 0; left--) {
    let least: ClaimQueue | null = null;
    let leastUnderway = Number.POSITIVE_INFINITY;
    for (const queue of competing) {
      const has = underway(queue, offers.get(queue) ?? 0);
      if (has < leastUnderway) [least, leastUnderway] = [queue, has];
    }
    if (least === null) break;
    offers.set(least, (offers.get(least) ?? 0) + 1);
  }
  return offers;
}
