/** What is removed for good once nobody needs it any more. Answers and documents are no part of it: they are people's own. */
import { z } from 'zod';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { forgetKeysOfEndedRuns } from './backup/part/sealed-key.ts';

const DAY_MS = 24 * 3_600_000;
/** So that no transaction holds its locks for long. */
const AT_ONCE = 200;

export const RetentionSettings = z.strictObject({
  /** What is known of finished work other than answers: documents read, maintenance done, alerts sent. */
  runsDays: z.int().min(1).max(3_650).default(30),
  /** Answers that were asked for with `store: false`, as all of Chat Completions are, and golden questions. */
  unstoredAnswersDays: z.int().min(1).max(3_650).default(1),
  /** Conversations that were deleted, with their questions and answers, and what is left of deleted knowledge bases. */
  deletedDays: z.int().min(0).max(3_650).default(30),
});
export type RetentionSettings = z.infer<typeof RetentionSettings>;

const WORK = `SELECT id FROM run WHERE kind <> 'answer' AND finished_at IS NOT NULL AND finished_at < :before
  ORDER BY finished_at LIMIT ${AT_ONCE}`;
const UNSTORED = `SELECT id FROM run
  WHERE kind = 'answer' AND finished_at IS NOT NULL AND instr(input, '"store":false') > 0 AND finished_at < :before
    AND NOT EXISTS (SELECT 1 FROM conversation_item AS item WHERE item.run_id = run.id)
  ORDER BY finished_at LIMIT ${AT_ONCE}`;
/** One that is still being answered waits for the end of that. */
const CONVERSATION = `SELECT id, workspace_id AS "workspaceId" FROM conversation
  WHERE deleted_at IS NOT NULL AND deleted_at < :before AND NOT EXISTS (
    SELECT 1 FROM run WHERE run.workspace_id = conversation.workspace_id AND run.subject_id = conversation.id
      AND run.finished_at IS NULL)
  ORDER BY deleted_at LIMIT 1`;
const OF_CONVERSATION = `SELECT id FROM run WHERE workspace_id = :workspaceId AND subject_id = :id LIMIT ${AT_ONCE}`;

/** @returns how many rows of each kind went */
export async function forgetOld(
  ledger: Ledger,
  settings: RetentionSettings,
  now: number,
): Promise<{ runs: number; conversations: number; batches: number }> {
  const before = (days: number) => ({ before: now - days * DAY_MS });
  const runs =
    (await forgetRuns(ledger, WORK, before(settings.runsDays))) +
    (await forgetRuns(ledger, UNSTORED, before(settings.unstoredAnswersDays)));
  await ledger.transaction(forgetKeysOfEndedRuns);
  let conversations = 0;
  while (await forgetConversation(ledger, before(settings.deletedDays))) conversations += 1;
  const { changes: batches } = await ledger.transaction((tx) =>
    tx.run(
      `DELETE FROM file_batch WHERE knowledge_base_id IN (
         SELECT id FROM knowledge_base WHERE deleted_at IS NOT NULL AND deleted_at < :before)`,
      before(settings.deletedDays),
    ),
  );
  return { runs, conversations, batches };
}

async function forgetRuns(ledger: Ledger, which: string, params: { before: number }): Promise<number> {
  for (let total = 0; ; ) {
    const count = await ledger.transaction(async (tx) => removeRuns(tx, await tx.all(which, params)));
    total += count;
    if (count < AT_ONCE) return total;
  }
}

async function removeRuns(tx: Sql, runs: readonly { id: string }[]): Promise<number> {
  for (const { id } of runs) {
    await tx.run('DELETE FROM event WHERE run_id = :id', { id });
    await tx.run('DELETE FROM feedback WHERE run_id = :id', { id });
    await tx.run('DELETE FROM run WHERE id = :id', { id });
  }
  return runs.length;
}

/** @returns false when none is left */
async function forgetConversation(ledger: Ledger, params: { before: number }): Promise<boolean> {
  const old = await ledger.read.get<{ id: string; workspaceId: string }>(CONVERSATION, params);
  if (old === undefined) return false;
  for (;;) {
    const count = await ledger.transaction(async (tx) => removeRuns(tx, await tx.all(OF_CONVERSATION, old)));
    if (count < AT_ONCE) break;
  }
  const { id } = old;
  await ledger.transaction(async (tx) => {
    await tx.run('DELETE FROM conversation_item WHERE conversation_id = :id', { id });
    await tx.run('DELETE FROM conversation WHERE id = :id', { id });
  });
  return true;
}
