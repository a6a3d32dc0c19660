import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { type ScopedSql, scopeSql } from '../../ledger/scope.ts';
import { requestCancel } from '../../runs/run-store.ts';
import { EFFECTIVE_STATUS, MEMBERSHIP_RUN } from './membership-rows.ts';
import { type AddDocument, addDocument, type MembershipStatus } from './memberships.ts';

/** Documents that were added to a knowledge base together. */
export interface FileBatch {
  id: string;
  knowledgeBaseId: string;
  cancelledAt: number | null;
  createdAt: number;
  counts: Record<MembershipStatus, number>;
}

interface FileBatchRow {
  id: string;
  knowledge_base_id: string;
  cancelled_at: number | null;
  created_at: number;
}

/** @returns the batch's id, and the runs to announce */
export async function createFileBatch(
  raw: Sql,
  workspaceId: string,
  knowledgeBaseId: string,
  documents: readonly Pick<AddDocument, 'documentId' | 'attributes' | 'chunking' | 'traceParent'>[],
  now: number,
): Promise<{ id: string; runs: { kind: string }[] }> {
  const id = newId('fileBatch');
  await scopeSql(raw, workspaceId).run(
    `INSERT INTO file_batch (id, workspace_id, knowledge_base_id, cancelled_at, created_at)
     VALUES (:id, :workspace, :knowledgeBaseId, NULL, :now)`,
    { id, knowledgeBaseId, now },
  );
  const runs = [];
  for (const document of documents)
    runs.push(await addDocument(raw, workspaceId, { ...document, knowledgeBaseId, batchId: id }, now));
  return { id, runs };
}

/** @throws BudaoError file_batch_not_found */
export async function getFileBatch(sql: ScopedSql, knowledgeBaseId: string, id: string): Promise<FileBatch> {
  const row = await sql.get<FileBatchRow>(
    `SELECT id, knowledge_base_id, cancelled_at, created_at FROM file_batch
     WHERE id = :id AND knowledge_base_id = :knowledgeBaseId AND workspace_id = :workspace`,
    { id, knowledgeBaseId },
  );
  if (row === undefined) {
    throw new BudaoError(
      'not_found',
      'file_batch_not_found',
      `The knowledge base '${knowledgeBaseId}' has no file batch '${id}'.`,
      { param: 'batch_id' },
    );
  }
  const counts = { in_progress: 0, completed: 0, failed: 0, cancelled: 0 };
  const rows = await sql.all<{ status: string; number: number }>(
    `SELECT ${EFFECTIVE_STATUS} AS status, count(*) AS number FROM knowledge_base_document AS link ${MEMBERSHIP_RUN}
     WHERE link.workspace_id = :workspace AND link.knowledge_base_id = :knowledgeBaseId AND link.batch_id = :id
       AND link.status <> 'removing'
     GROUP BY ${EFFECTIVE_STATUS}`,
    { id, knowledgeBaseId },
  );
  for (const { status, number } of rows) counts[status as MembershipStatus] = number;
  return {
    id: row.id,
    knowledgeBaseId: row.knowledge_base_id,
    cancelledAt: row.cancelled_at,
    createdAt: row.created_at,
    counts,
  };
}

/** Stops what is not ready yet; what is ready stays. @returns ids of the runs to tell about it */
export async function cancelFileBatch(
  raw: Sql,
  workspaceId: string,
  knowledgeBaseId: string,
  id: string,
  now: number,
): Promise<string[]> {
  const tx = scopeSql(raw, workspaceId);
  await getFileBatch(tx, knowledgeBaseId, id);
  await tx.run(
    `UPDATE file_batch SET cancelled_at = COALESCE(cancelled_at, :now) WHERE id = :id AND workspace_id = :workspace`,
    { id, now },
  );
  const stopped = await tx.all<{ run_id: string | null }>(
    `UPDATE knowledge_base_document SET status = 'cancelled', updated_at = :now
     WHERE knowledge_base_id = :knowledgeBaseId AND batch_id = :id AND workspace_id = :workspace
       AND status = 'in_progress' RETURNING run_id`,
    { id, knowledgeBaseId, now },
  );
  const runIds = stopped.map((row) => row.run_id).filter((runId) => runId !== null);
  for (const runId of runIds) await requestCancel(raw, runId, now);
  return runIds;
}
