import { Readable } from 'node:stream';
import { appendItems } from '../../../../answers/conversation-items.ts';
import { createConversation } from '../../../../answers/conversations.ts';
import type { BlobStore } from '../../../../knowledge/ports.ts';
import type { Ledger, Sql } from '../../../../ledger/ledger.ts';
import { scopeSql } from '../../../../ledger/scope.ts';
import { submitRun } from '../../../../runs/run-store.ts';

/** The sample as if it had been read and indexed, and a conversation of somebody who leaves. */
export async function furnishSample(
  ledger: Ledger,
  derived: BlobStore,
  base: { workspace_id: string; generation: string },
): Promise<{ conversation: string; answer: string }> {
  const workspace = base.workspace_id;
  let ids = { conversation: '', answer: '' };
  const { id: generation } = JSON.parse(base.generation) as { id: string };
  const documents = await ledger.read.all<{ id: string }>('SELECT id FROM document ORDER BY id');
  const artifacts: string[] = [];
  for (const { id } of documents)
    artifacts.push(
      (await derived.put(Readable.from([Buffer.from(`artifact of ${id}`)]), { maxBytes: 1_000 })).sha256,
    );
  await ledger.transaction(async (tx) => {
    await tx.run(`UPDATE run SET status = 'completed', finished_at = 1`);
    for (const [number, { id }] of documents.entries()) {
      const artifact = artifacts[number];
      const summary = JSON.stringify({ phase: 'ready', fraction: 1, artifact, generation });
      await tx.run(
        `UPDATE knowledge_base_document SET status = 'completed', summary = :summary, chunks = 3, attributes = :attributes
         WHERE document_id = :id`,
        { id, summary, attributes: JSON.stringify({ number }) },
      );
    }
    await tx.run(
      `INSERT INTO account (id, username, display_name, password_hash, password_changed_at, disabled, created_at)
       VALUES ('user_gone', 'gone', 'Gone', 'x', 1, 0, 1)`,
    );
    await tx.run(
      `INSERT INTO membership (workspace_id, account_id, role, created_at) VALUES (:workspace, 'user_gone', 'member', 1)`,
      { workspace },
    );
    ids = await converse(tx, workspace);
  });
  return ids;
}

async function converse(tx: Sql, workspace: string): Promise<{ conversation: string; answer: string }> {
  const scoped = scopeSql(tx, workspace);
  const { id } = await createConversation(
    scoped,
    { ownerId: 'user_gone', metadata: {}, title: 'About leave' },
    5,
  );
  const { run } = await submitRun(
    tx,
    {
      kind: 'answer',
      workspaceId: workspace,
      subjectId: id,
      input: { conversationId: id },
      id: 'resp_000000000abc1234567890123456',
    },
    5,
  );
  await tx.run(
    `UPDATE run SET status = 'completed', finished_at = 6, last_seq = 1, result = :result WHERE id = :id`,
    {
      id: run.id,
      result: JSON.stringify({ id: run.id, text: 'thirteen days' }),
    },
  );
  await tx.run(
    `INSERT INTO event (run_id, seq, epoch, type, payload, created_at) VALUES (:id, 1, 1, 'answer.finished', '{}', 6)`,
    { id: run.id },
  );
  await appendItems(
    scoped,
    id,
    [
      { id: 'msg_000000000abd1234567890123456', role: 'user', text: 'How many days?', runId: run.id },
      { id: 'msg_000000000abc1234567890123456', role: 'assistant', text: null, runId: run.id },
    ],
    5,
  );
  return { conversation: id, answer: run.id };
}
