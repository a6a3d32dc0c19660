import { outputItemId } from '../../../contract/answer.ts';
import type { Ledger, Sql, SqlRow } from '../../../ledger/ledger.ts';
import { insertRestoredRun } from '../../../runs/restored-runs.ts';
import { derivedId } from './derived-id.ts';
import type { People } from './people.ts';
import type { PlannedConversation } from './plan-part.ts';
import { insertRow } from './write-rows.ts';

export interface ConversationWriting {
  source: Sql;
  ledger: Ledger;
  workspaceId: string;
  snapshotId: string;
  people: People;
  now: () => number;
}

/** All of one conversation in one transaction: its messages, its answers with their logs, and what people said of them. */
export async function writeConversation(
  writing: ConversationWriting,
  conversation: PlannedConversation,
): Promise<void> {
  const { source, ledger, workspaceId, people, now } = writing;
  const old = String(conversation.row.id);
  const ids = await newIds(writing, conversation);
  const items = await source.all(
    'SELECT * FROM conversation_item WHERE conversation_id = :old AND deleted_at IS NULL',
    {
      old,
    },
  );
  const runs: { run: SqlRow; events: SqlRow[] }[] = [];
  const feedback: SqlRow[] = [];
  for (const run of await runsOf(source, old)) {
    const id = String(run.id);
    const events = await source.all('SELECT * FROM event WHERE run_id = :id ORDER BY seq', { id });
    runs.push({ run: renamed(run, ids, workspaceId), events: events.map((event) => renamed(event, ids)) });
    for (const row of await source.all('SELECT * FROM feedback WHERE run_id = :id', { id })) {
      // What somebody thought of an answer is nobody else's word.
      const account = await people.remaining(String(row.account_id));
      if (account !== null) feedback.push({ ...renamed(row, ids, workspaceId), account_id: account });
    }
  }
  const row = {
    ...conversation.row,
    id: conversation.id,
    workspace_id: workspaceId,
    account_id: await people.ownerOf(String(conversation.row.account_id)),
    deleted_at: null,
  };
  await ledger.transaction(async (tx) => {
    await tx.run(
      'DELETE FROM conversation WHERE id = :id AND workspace_id = :workspaceId AND deleted_at IS NOT NULL',
      { id: row.id, workspaceId },
    );
    if (!(await insertRow(tx, 'conversation', row))) return;
    for (const item of items) await putItem(tx, renamed(item, ids, workspaceId));
    for (const run of runs) await insertRestoredRun(tx, run, now());
    for (const rating of feedback) await insertRow(tx, 'feedback', rating);
  });
}

/** Its rows may still be here, where it was deleted a short while ago. */
async function putItem(tx: Sql, item: SqlRow): Promise<void> {
  const { changes } = await tx.run(
    `UPDATE conversation_item SET deleted_at = NULL
     WHERE id = :id AND workspace_id = :workspaceId AND conversation_id = :conversationId`,
    {
      id: item.id ?? '',
      workspaceId: item.workspace_id ?? '',
      conversationId: item.conversation_id ?? '',
    },
  );
  if (changes === 0) await insertRow(tx, 'conversation_item', item);
}

function runsOf(source: Sql, conversationId: string): Promise<SqlRow[]> {
  return source.all(
    `SELECT * FROM run WHERE subject_id = :conversationId OR id IN (
       SELECT run_id FROM conversation_item WHERE conversation_id = :conversationId AND run_id IS NOT NULL)`,
    { conversationId },
  );
}

/** Under its own id everything keeps its own; a copy has new ones for all that belongs to it alone. */
async function newIds(
  { source, snapshotId, workspaceId }: ConversationWriting,
  { row, id, fate }: PlannedConversation,
): Promise<Map<string, string>> {
  const old = String(row.id);
  const ids = new Map<string, string>();
  if (fate !== 'copy') return ids;
  ids.set(old, id);
  for (const run of await runsOf(source, old)) {
    const from = String(run.id);
    const to = derivedId(from, snapshotId, workspaceId);
    ids.set(from, to);
    ids.set(outputItemId('msg', from), outputItemId('msg', to));
  }
  const items = await source.all<{ id: string }>(
    'SELECT id FROM conversation_item WHERE conversation_id = :old',
    {
      old,
    },
  );
  for (const item of items)
    if (!ids.has(item.id)) ids.set(item.id, derivedId(item.id, snapshotId, workspaceId));
  return ids;
}

/** Ids are long and random: wherever one stands in a text, it is that id. */
function renamed(row: SqlRow, ids: ReadonlyMap<string, string>, workspaceId?: string): SqlRow {
  const changed: SqlRow = workspaceId === undefined ? { ...row } : { ...row, workspace_id: workspaceId };
  if (ids.size === 0) return changed;
  for (const [column, value] of Object.entries(changed)) {
    if (typeof value !== 'string') continue;
    let text = value;
    for (const [from, to] of ids) if (text.includes(from)) text = text.replaceAll(from, to);
    changed[column] = text;
  }
  return changed;
}
