import { ANSWER_RUN, type AnswerInput } from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import type { ScopedSql } from '../../ledger/scope.ts';
import type { Run } from '../../runs/run.ts';
import { type RunRow, runFromRow } from '../../runs/run-rows.ts';

export interface RunFilter {
  kind?: string | undefined;
  status?: string | undefined;
  after?: string | undefined;
  limit: number;
}

/** The workspace's runs, newest first. */
export async function listRuns(sql: ScopedSql, filter: RunFilter): Promise<Run[]> {
  const after = filter.after === undefined ? null : await findRun(sql, filter.after);
  const rows = await sql.all<RunRow>(
    `SELECT * FROM run WHERE workspace_id = :workspace
       ${filter.kind === undefined ? '' : 'AND kind = :kind'}
       ${filter.status === undefined ? '' : 'AND status = :status'}
       ${after === null ? '' : 'AND (created_at < :createdAt OR (created_at = :createdAt AND id < :afterId))'}
     ORDER BY created_at DESC, id DESC LIMIT :limit`,
    {
      limit: filter.limit,
      ...(filter.kind === undefined ? {} : { kind: filter.kind }),
      ...(filter.status === undefined ? {} : { status: filter.status }),
      ...(after === null ? {} : { createdAt: after.createdAt, afterId: after.id }),
    },
  );
  return rows.map(runFromRow);
}

/** @throws BudaoError run_not_found */
export async function findRun(sql: ScopedSql, id: string): Promise<Run> {
  const row = await sql.get<RunRow>('SELECT * FROM run WHERE workspace_id = :workspace AND id = :id', { id });
  if (row === undefined) throw new BudaoError('not_found', 'run_not_found', `There is no run ${id}.`);
  return runFromRow(row);
}

/** The workspace's runs that a process holds now. The condition is that of the index of open runs. */
export async function heldRunIds(sql: ScopedSql): Promise<Set<string>> {
  const rows = await sql.all<{ id: string }>(
    `SELECT id FROM run WHERE workspace_id = :workspace AND status IN ('queued', 'running') AND owner IS NOT NULL`,
  );
  return new Set(rows.map((row) => row.id));
}

/** What people asked is theirs: of an answer, others see that it exists and how it fares, not what it says. */
export function isPrivateTo(run: Run, ownerId: string): boolean {
  return run.kind === ANSWER_RUN && (run.input as AnswerInput).ownerId !== ownerId;
}
