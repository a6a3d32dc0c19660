import type { ScopedSql } from '../ledger/scope.ts';

/** Which of these knowledge bases the workspace does not have. */
export async function missingKnowledgeBases(sql: ScopedSql, ids: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    const row = await sql.get(
      'SELECT id FROM knowledge_base WHERE workspace_id = :workspace AND id = :id AND deleted_at IS NULL',
      { id },
    );
    if (row === undefined) missing.push(id);
  }
  return missing;
}
