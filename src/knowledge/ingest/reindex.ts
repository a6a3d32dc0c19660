import type { Sql } from '../../ledger/ledger.ts';
import { type ScopedSql, scopeSql } from '../../ledger/scope.ts';
import { findGeneration, lockKnowledgeBase } from '../library/knowledge-bases.ts';
import { listMemberships } from '../library/membership-rows.ts';
import {
  isFindable,
  type Membership,
  reingestDocument,
  saveMembership,
  submitIndexing,
} from '../library/memberships.ts';

/**
 * Has documents that are ready put into the index again, from what was derived of them; where that is for another
 * generation, they are derived anew. Null for all documents of the knowledge base.
 *
 * @returns the runs to announce
 */
export async function requestReindex(
  raw: Sql,
  workspaceId: string,
  knowledgeBaseId: string,
  documentIds: readonly string[] | null,
  now: number,
): Promise<{ kind: string }[]> {
  const tx = scopeSql(raw, workspaceId);
  await lockKnowledgeBase(tx, knowledgeBaseId);
  const generation = await findGeneration(tx, knowledgeBaseId);
  if (generation === null) return [];
  const wanted = documentIds === null ? null : new Set(documentIds);
  const all = await listMemberships(tx, { knowledgeBaseId, order: 'asc', limit: Number.MAX_SAFE_INTEGER });
  const runs: { kind: string }[] = [];
  for (const membership of all.filter(isFindable)) {
    if (wanted !== null && !wanted.has(membership.documentId)) continue;
    const { artifact, generation: derivedFor } = membership.summary;
    if (artifact !== undefined && derivedFor === generation.id) {
      const change = { status: 'in_progress', phase: 'indexing', fraction: 0.9 } as const;
      await saveMembership(tx, membership, change, now);
      if (membership.status === 'failed') await partFromRun(tx, membership);
    } else {
      runs.push(await reingestDocument(raw, workspaceId, knowledgeBaseId, membership.documentId, now));
    }
  }
  runs.push(await submitIndexing(raw, workspaceId, knowledgeBaseId, now));
  return runs;
}

/** The run that could not read the document anew has no more to say of it. */
async function partFromRun(tx: ScopedSql, { knowledgeBaseId, documentId }: Membership): Promise<void> {
  await tx.run(
    `UPDATE knowledge_base_document SET run_id = NULL
     WHERE knowledge_base_id = :knowledgeBaseId AND document_id = :documentId AND workspace_id = :workspace`,
    { knowledgeBaseId, documentId },
  );
}
