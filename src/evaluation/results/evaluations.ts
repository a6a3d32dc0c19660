/** Evaluations that were made, in the ledger: whole, and as a summary for lists and trends. */

import { BudaoError } from '../../contract/errors.ts';
import type { Comparison, EvaluationResult, EvaluationTotals, Verdict } from '../../contract/evaluation.ts';
import type { ScopedSql } from '../../ledger/scope.ts';

/** Why it was made: somebody wanted it, its hour had come, or something had changed. */
export const OCCASIONS = ['manual', 'schedule', 'restore', 'upgrade', 'index', 'settings'] as const;
export type Occasion = (typeof OCCASIONS)[number];

export interface EvaluationSummary {
  name: string;
  totals: EvaluationTotals;
  programVersion: string | null;
  reasons: string[];
}

export interface EvaluationRecord {
  id: string;
  goldenSetId: string | null;
  runId: string;
  occasion: Occasion;
  verdict: Verdict;
  /** Compared with it. */
  baselineId: string | null;
  summary: EvaluationSummary;
  createdAt: number;
}

interface EvaluationRow {
  id: string;
  golden_set_id: string | null;
  run_id: string;
  occasion: Occasion;
  verdict: Verdict;
  baseline_id: string | null;
  summary: string;
  created_at: number;
}

/** Of one set; the baseline stays however old it is. */
export const KEPT_EVALUATIONS = 200;

const COLUMNS = 'id, golden_set_id, run_id, occasion, verdict, baseline_id, summary, created_at';

export interface NewEvaluation extends Omit<EvaluationRecord, 'summary' | 'verdict'> {
  result: EvaluationResult;
  comparison: Comparison;
}

/** The same id again changes nothing: whoever takes over may have saved it already. */
export async function saveEvaluation(tx: ScopedSql, made: NewEvaluation): Promise<void> {
  const { id, goldenSetId, runId, occasion, baselineId, result, comparison, createdAt } = made;
  const summary: EvaluationSummary = {
    name: result.identities.golden_name,
    totals: result.totals,
    programVersion: result.identities.subject.program_version,
    reasons: comparison.reasons,
  };
  await tx.run(
    `INSERT INTO evaluation (id, workspace_id, golden_set_id, run_id, occasion, verdict, baseline_id, summary,
       comparison, result, created_at)
     VALUES (:id, :workspace, :goldenSetId, :runId, :occasion, :verdict, :baselineId, :summary, :comparison, :result,
       :createdAt) ON CONFLICT (id) DO NOTHING`,
    {
      id,
      goldenSetId,
      runId,
      occasion,
      verdict: comparison.verdict,
      baselineId,
      summary: JSON.stringify(summary),
      comparison: JSON.stringify(comparison),
      result: JSON.stringify(result),
      createdAt,
    },
  );
  if (goldenSetId === null) return;
  await tx.run(
    `UPDATE golden_set SET last_evaluation_id = :id, last_verdict = :verdict
     WHERE workspace_id = :workspace AND id = :goldenSetId`,
    { id, verdict: comparison.verdict, goldenSetId },
  );
  await forgetOld(tx, goldenSetId);
}

export async function listEvaluations(
  sql: ScopedSql,
  { goldenSetId, limit, after }: { goldenSetId: string | null; limit: number; after: string | null },
): Promise<EvaluationRecord[]> {
  const rows = await sql.all<EvaluationRow>(
    `SELECT ${COLUMNS} FROM evaluation WHERE workspace_id = :workspace
       AND (:goldenSetId = '' OR golden_set_id = :goldenSetId) AND (:after = '' OR id < :after)
     ORDER BY id DESC LIMIT :limit`,
    { goldenSetId: goldenSetId ?? '', after: after ?? '', limit },
  );
  return rows.map(fromRow);
}

export interface WholeEvaluation extends EvaluationRecord {
  result: EvaluationResult;
  comparison: Comparison;
}

/** @throws BudaoError evaluation_not_found */
export async function requireEvaluation(sql: ScopedSql, id: string): Promise<WholeEvaluation> {
  const found = await findEvaluation(sql, id);
  if (found !== null) return found;
  throw new BudaoError('not_found', 'evaluation_not_found', `There is no evaluation ${id}.`);
}

export async function findEvaluation(sql: ScopedSql, id: string): Promise<WholeEvaluation | null> {
  const row = await sql.get<EvaluationRow & { result: string; comparison: string }>(
    `SELECT ${COLUMNS}, result, comparison FROM evaluation WHERE workspace_id = :workspace AND id = :id`,
    { id },
  );
  if (row === undefined) return null;
  return {
    ...fromRow(row),
    result: JSON.parse(row.result) as EvaluationResult,
    comparison: JSON.parse(row.comparison) as Comparison,
  };
}

async function forgetOld(tx: ScopedSql, goldenSetId: string): Promise<void> {
  await tx.run(
    `DELETE FROM evaluation WHERE workspace_id = :workspace AND golden_set_id = :goldenSetId
       AND id NOT IN (SELECT e.id FROM evaluation e WHERE e.workspace_id = :workspace
         AND e.golden_set_id = :goldenSetId ORDER BY e.id DESC LIMIT ${KEPT_EVALUATIONS})
       AND id NOT IN (SELECT s.baseline_id FROM golden_set s WHERE s.workspace_id = :workspace
         AND s.baseline_id IS NOT NULL)`,
    { goldenSetId },
  );
}

function fromRow(row: EvaluationRow): EvaluationRecord {
  return {
    id: row.id,
    goldenSetId: row.golden_set_id,
    runId: row.run_id,
    occasion: row.occasion,
    verdict: row.verdict,
    baselineId: row.baseline_id,
    summary: JSON.parse(row.summary) as EvaluationSummary,
    createdAt: row.created_at,
  };
}
