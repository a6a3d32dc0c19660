import type { ScopedSql } from '../ledger/scope.ts';

export type Rating = 'up' | 'down';

/** One person's opinion of an answer; a null rating takes it back. */
export async function rateAnswer(
  tx: ScopedSql,
  feedback: { runId: string; ownerId: string; rating: Rating | null; comment: string | null },
  now: number,
): Promise<void> {
  const { runId, ownerId, rating, comment } = feedback;
  if (rating === null) {
    await tx.run(
      'DELETE FROM feedback WHERE workspace_id = :workspace AND run_id = :runId AND account_id = :ownerId',
      { runId, ownerId },
    );
    return;
  }
  await tx.run(
    `INSERT INTO feedback (run_id, workspace_id, account_id, rating, comment, created_at)
     VALUES (:runId, :workspace, :ownerId, :rating, :comment, :now)
     ON CONFLICT (run_id, account_id) DO UPDATE SET rating = :rating, comment = :comment, created_at = :now
       WHERE feedback.workspace_id = :workspace`,
    { runId, ownerId, rating, comment, now },
  );
}

/** The caller's own ratings of the answers of one conversation, by run. */
export async function ratingsOf(
  sql: ScopedSql,
  ownerId: string,
  conversationId: string,
): Promise<Map<string, Rating>> {
  const rows = await sql.all<{ run_id: string; rating: Rating }>(
    `SELECT f.run_id, f.rating FROM feedback f
     JOIN conversation_item i ON i.run_id = f.run_id AND i.workspace_id = :workspace
     WHERE f.workspace_id = :workspace AND f.account_id = :ownerId
       AND i.conversation_id = :conversationId AND i.role = 'assistant'`,
    { ownerId, conversationId },
  );
  return new Map(rows.map((row) => [row.run_id, row.rating]));
}
