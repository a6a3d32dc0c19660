/** Runs that nobody can finish now: kept without using up attempts, and woken when what they wait for is back. */
import type { Sql } from '../ledger/ledger.ts';
import type { Run } from './run.ts';
import { fenceOwner } from './run-owners.ts';

const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 120_000;
/** Woken runs begin so far apart: what has just got up is not run down by all who waited. */
const WAKE_SPACING_MS = 50;
const WAKE_LIMIT = 1_000;

/** Why a run is kept for later; stays on the run until it ends. */
export interface Deferral {
  /** For programs: what the kind of run says of its reasons. */
  code: string;
  message: string;
  /** When it was put off for the first time. */
  since: number;
  /** When it was put off last. */
  at: number;
  /** How often it was put off. */
  count: number;
}

/** Thrown by a handler: not now, and it is nobody's fault. */
export class RunDeferral extends Error {
  readonly code: string;
  /** How long the run may take from its submission on, now that it waits. */
  readonly timeoutMs: number;

  constructor(code: string, message: string, options: { timeoutMs: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'RunDeferral';
    this.code = code;
    this.timeoutMs = options.timeoutMs;
  }
}

/**
 * Puts a run back, without counting the claim as an attempt. The wait grows, and no two wait equally long.
 *
 * @returns false when the claim is lost, and when somebody has asked the run to stop: it would wait before it does
 */
export async function deferRun(
  tx: Sql,
  run: Pick<Run, 'id' | 'owner' | 'epoch' | 'createdAt' | 'deferral'>,
  { code, message, timeoutMs }: Pick<RunDeferral, 'code' | 'message' | 'timeoutMs'>,
  now: number,
): Promise<boolean> {
  const owner = run.owner ?? '';
  // Text of it may still be on its way: it must not arrive after the run has left.
  await fenceOwner(tx, owner);
  const count = (run.deferral?.count ?? 0) + 1;
  const deferral: Deferral = { code, message, since: run.deferral?.since ?? now, at: now, count };
  const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - 1)) * (0.5 + Math.random());
  const { changes } = await tx.run(
    `UPDATE run SET status = 'queued', owner = NULL, lease_until = 0, available_at = :availableAt,
       attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END, deferral = :deferral,
       deadline_at = CASE WHEN deadline_at < :deadlineAt THEN :deadlineAt ELSE deadline_at END
     WHERE id = :id AND owner = :owner AND epoch = :epoch AND status = 'running' AND cancel_requested = 0`,
    {
      id: run.id,
      owner,
      epoch: run.epoch,
      availableAt: Math.round(now + delayMs),
      deferral: JSON.stringify(deferral),
      deadlineAt: run.createdAt + timeoutMs,
    },
  );
  return changes === 1;
}

/** Lets deferred runs be claimed again, the oldest first and one after another. @returns how many */
export async function wakeDeferred(
  tx: Sql,
  request: { kind: string; now: number; limit?: number },
): Promise<number> {
  const { kind, now, limit = WAKE_LIMIT } = request;
  const { changes } = await tx.run(
    `WITH waiting AS MATERIALIZED (
       SELECT id, created_at FROM run
       WHERE kind = :kind AND status IN ('queued', 'running') AND status = 'queued' AND deferral IS NOT NULL
         AND owner IS NULL AND available_at > :now
       ORDER BY created_at, id LIMIT :limit /*postgres: FOR UPDATE SKIP LOCKED */),
     turn AS (SELECT id, row_number() OVER (ORDER BY created_at, id) - 1 AS place FROM waiting)
     UPDATE run SET available_at = :now + ${WAKE_SPACING_MS} * turn.place
     FROM turn WHERE run.id = turn.id AND run.available_at > :now + ${WAKE_SPACING_MS} * turn.place`,
    { kind, now, limit },
  );
  return changes;
}

/** How many runs of a kind wait for something to come back. */
export async function countDeferred(sql: Sql, kind: string): Promise<number> {
  const row = await sql.get<{ count: number }>(
    `SELECT count(*) AS count FROM run
     WHERE kind = :kind AND status IN ('queued', 'running') AND status = 'queued' AND deferral IS NOT NULL`,
    { kind },
  );
  return Number(row?.count ?? 0);
}
