/** What came of snapshots, verifications, rehearsals and prunings: kept longer than the runs that did them. */
import { newId } from '../../contract/ids.ts';
import type { Sql } from '../../ledger/ledger.ts';
import type { RunFailure, RunStatus } from '../../runs/run.ts';
import { CARE_KINDS, type CareInput, taskOf } from './care-kinds.ts';
import { CARE_TASKS, type CareTask } from './schedules.ts';

/** inconclusive: nothing was proven, neither that it works nor that it does not. */
export const VERDICTS = ['pass', 'fail', 'inconclusive'] as const;
export type Verdict = (typeof VERDICTS)[number];

const KEPT_MS = 2 * 365 * 86_400_000;
const AT_ONCE = 50;

export interface CareResult {
  id: string;
  task: CareTask;
  repository: string;
  /** Null for what was done beside the service. */
  runId: string | null;
  occasion: 'schedule' | 'manual';
  startedAt: number;
  finishedAt: number;
  durationMs: number;
  verdict: Verdict;
  /** Stable, for translations; null for a pass. */
  code: string | null;
  /** What was found, and what to do about it. */
  message: string | null;
  evidence: unknown;
}

/** What those who did the work say of it. */
export interface CareOutcome {
  verdict: Verdict;
  code: string | null;
  message: string | null;
  evidence: unknown;
}

interface ResultRow {
  id: string;
  task: CareTask;
  repository: string;
  run_id: string | null;
  occasion: CareResult['occasion'];
  started_at: number;
  finished_at: number;
  duration_ms: number;
  verdict: Verdict;
  code: string | null;
  message: string | null;
  evidence: string;
}

export async function insertResult(tx: Sql, result: Omit<CareResult, 'id'>): Promise<void> {
  await tx.run(
    `INSERT INTO backup_result (id, task, repository, run_id, occasion, started_at, finished_at, duration_ms, verdict,
       code, message, evidence)
     VALUES (:id, :task, :repository, :runId, :occasion, :startedAt, :finishedAt, :durationMs, :verdict, :code,
       :message, :evidence)
     ON CONFLICT (run_id) DO NOTHING`,
    { ...result, id: newId('backupResult'), evidence: JSON.stringify(result.evidence ?? null) },
  );
}

interface EndedRun {
  id: string;
  kind: string;
  subject_id: string | null;
  status: RunStatus;
  input: string;
  result: string | null;
  failure: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number;
}

/** Looked at before a transaction is begun, which is for changes only. */
export async function hasNewResults(sql: Sql): Promise<boolean> {
  const kinds = CARE_KINDS.map((kind) => `'${kind}'`).join(', ');
  const found = await sql.get(
    `SELECT 1 AS one FROM run WHERE kind IN (${kinds}) AND finished_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM backup_result AS known WHERE known.run_id = run.id) LIMIT 1`,
  );
  return found !== undefined;
}

/**
 * Keeps what came of runs that have ended since the last look, whoever submitted them and however they ended.
 * @returns how many
 */
export async function collectResults(tx: Sql, now: number): Promise<number> {
  const kinds = CARE_KINDS.map((_, index) => `:kind${index}`).join(', ');
  const ended = await tx.all<EndedRun>(
    `SELECT id, kind, subject_id, status, input, result, failure, created_at, started_at, finished_at FROM run
     WHERE kind IN (${kinds}) AND finished_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM backup_result AS known WHERE known.run_id = run.id)
     ORDER BY finished_at LIMIT ${AT_ONCE}`,
    Object.fromEntries(CARE_KINDS.map((kind, index) => [`kind${index}`, kind])),
  );
  for (const run of ended) await insertResult(tx, resultOfRun(run));
  await tx.run('DELETE FROM backup_result WHERE finished_at < :before', { before: now - KEPT_MS });
  return ended.length;
}

function resultOfRun(run: EndedRun): Omit<CareResult, 'id'> {
  const startedAt = Number(run.started_at ?? run.created_at);
  const finishedAt = Number(run.finished_at);
  return {
    task: taskOf(run.kind),
    repository: run.subject_id ?? '',
    runId: run.id,
    occasion: (JSON.parse(run.input) as Partial<CareInput>).occasion ?? 'manual',
    startedAt,
    finishedAt,
    durationMs: Math.max(0, finishedAt - startedAt),
    ...outcomeOfRun(run),
  };
}

function outcomeOfRun({ kind, status, result, failure }: EndedRun): CareOutcome {
  const found: unknown = result === null ? null : JSON.parse(result);
  if (status === 'completed')
    return taskOf(kind) === 'snapshot'
      ? { verdict: 'pass', code: null, message: null, evidence: found }
      : (found as CareOutcome);
  const { code, message } = (failure === null ? null : (JSON.parse(failure) as RunFailure)) ?? {
    code: 'run_cancelled' as const,
    message: 'Somebody stopped it.',
  };
  const isProof = status === 'failed' && !SAYS_NOTHING.has(code);
  return { verdict: isProof ? 'fail' : 'inconclusive', code, message, evidence: found };
}

/** Reasons that say nothing of the repository. */
export const SAYS_NOTHING: ReadonlySet<string> = new Set([
  'recovery_key_missing',
  'rehearsal_no_room',
  'repository_append_only',
  'restored_elsewhere',
  'run_cancelled',
]);

/** Newest first. @param options before: a result after which the page goes on */
export async function listResults(
  sql: Sql,
  options: { task: CareTask | null; repository: string | null; limit: number; before: CareResult | null },
): Promise<CareResult[]> {
  const { task, repository, limit, before } = options;
  const rows = await sql.all<ResultRow>(
    `SELECT * FROM backup_result
     WHERE (CAST(:task AS text) IS NULL OR task = :task)
       AND (CAST(:repository AS text) IS NULL OR repository = :repository)
       AND (CAST(:beforeId AS text) IS NULL OR finished_at < :beforeAt OR (finished_at = :beforeAt AND id < :beforeId))
     ORDER BY finished_at DESC, id DESC LIMIT :limit`,
    { task, repository, limit, beforeId: before?.id ?? null, beforeAt: before?.finishedAt ?? 0 },
  );
  return rows.map(resultFromRow);
}

export async function getResult(sql: Sql, id: string): Promise<CareResult | undefined> {
  const row = await sql.get<ResultRow>('SELECT * FROM backup_result WHERE id = :id', { id });
  return row === undefined ? undefined : resultFromRow(row);
}

/** The newest of each task and repository that says something; what was stopped by hand says nothing. */
export async function latestResults(sql: Sql): Promise<CareResult[]> {
  return latest(sql, `code IS NULL OR code NOT IN ('run_cancelled', 'restored_elsewhere')`);
}

export async function latestPasses(sql: Sql): Promise<CareResult[]> {
  return latest(sql, `verdict = 'pass'`);
}

async function latest(sql: Sql, condition: string): Promise<CareResult[]> {
  const rows = await sql.all<ResultRow>(
    `SELECT found.* FROM backup_result AS found
     JOIN (SELECT task, repository, max(finished_at) AS newest FROM backup_result WHERE ${condition}
           GROUP BY task, repository) AS last
       ON last.task = found.task AND last.repository = found.repository AND last.newest = found.finished_at
     WHERE ${condition} ORDER BY found.task, found.repository, found.id`,
  );
  return rows.map(resultFromRow).filter(({ task }) => CARE_TASKS.includes(task));
}

function resultFromRow(row: ResultRow): CareResult {
  return {
    id: row.id,
    task: row.task,
    repository: row.repository,
    runId: row.run_id,
    occasion: row.occasion,
    startedAt: Number(row.started_at),
    finishedAt: Number(row.finished_at),
    durationMs: Number(row.duration_ms),
    verdict: row.verdict,
    code: row.code,
    message: row.message,
    evidence: JSON.parse(row.evidence),
  };
}
