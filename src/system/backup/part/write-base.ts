/** A knowledge base comes back out of sight, and is shown in one step once everything is in it. */
import { reingestDocument, submitIndexing } from '../../../knowledge/library/memberships.ts';
import type { Ledger, Sql, SqlRow } from '../../../ledger/ledger.ts';
import type { PlannedBase } from './plan-part.ts';
import { inBatches, insertRow } from './write-rows.ts';

/** An index run of the deleted one may take memberships away until it has ended. */
const MOST_ROUNDS = 20;
const REINGESTED_AT_ONCE = 50;

export interface BaseWriting {
  ledger: Ledger;
  workspaceId: string;
  /** Of a document of the snapshot, here. */
  documentId: (old: string) => string;
  /** Whether what was derived of a document is in the store. */
  hasArtifact: (sha256: string) => boolean;
  now: () => number;
  signal: AbortSignal;
}

export async function writeBase(writing: BaseWriting, base: PlannedBase): Promise<void> {
  const generation = await generationOf(writing, base);
  const rows = base.memberships.map((row) => membershipRow(writing, { base, generation }, row));
  if (base.fate === 'there') await addToLiving(writing, base.id, rows);
  else await fillHidden(writing, base, rows);
  await reingestWaiting(writing, base.id);
}

async function addToLiving(
  { ledger, workspaceId, signal, now }: BaseWriting,
  id: string,
  rows: readonly SqlRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await inBatches(ledger, rows, signal, async (tx, row) => {
    // One that is on its way out is taken back.
    await tx.run(
      `DELETE FROM knowledge_base_document WHERE knowledge_base_id = :id AND document_id = :document
         AND workspace_id = :workspaceId AND status = 'removing'`,
      { id, document: row.document_id ?? '', workspaceId },
    );
    await insertRow(tx, 'knowledge_base_document', row);
  });
  await ledger.transaction((tx) => submitIndexing(tx, workspaceId, id, now()));
}

async function fillHidden(writing: BaseWriting, base: PlannedBase, rows: readonly SqlRow[]): Promise<void> {
  const { ledger, signal } = writing;
  const isNew = await ledger.transaction((tx) => putHidden(tx, writing, base));
  // Somebody else has brought it back meanwhile.
  if (!isNew) return;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    await inBatches(ledger, rows, signal, async (tx, row) => {
      await insertRow(tx, 'knowledge_base_document', row);
    });
    if (await ledger.transaction((tx) => show(tx, writing, base, rows.length))) return;
  }
  throw new Error(`memberships of ${base.id} were taken away again and again while they were put`);
}

/** In the place of the deleted one. @returns false when it is there and no longer deleted */
async function putHidden(
  tx: Sql,
  { workspaceId, now }: BaseWriting,
  { row, id }: PlannedBase,
): Promise<boolean> {
  const params = { id, workspaceId };
  const present = await tx.get<{ deleted_at: number | null }>(
    'SELECT deleted_at FROM knowledge_base WHERE id = :id AND workspace_id = :workspaceId /*postgres: FOR UPDATE */',
    params,
  );
  if (present?.deleted_at === null) return false;
  await tx.run(
    'DELETE FROM knowledge_base_document WHERE knowledge_base_id = :id AND workspace_id = :workspaceId',
    params,
  );
  await tx.run('DELETE FROM knowledge_base WHERE id = :id AND workspace_id = :workspaceId', params);
  await insertRow(tx, 'knowledge_base', {
    ...row,
    id,
    workspace_id: workspaceId,
    is_default: 0,
    next_generation: null,
    active_at: now(),
    deleted_at: now(),
  });
  return true;
}

async function show(
  tx: Sql,
  { workspaceId, now }: BaseWriting,
  { row, id }: PlannedBase,
  expected: number,
): Promise<boolean> {
  const params = { id, workspaceId };
  await tx.get('SELECT 1 AS one FROM knowledge_base WHERE id = :id /*postgres: FOR UPDATE */', { id });
  const found = await tx.get<{ number: number }>(
    `SELECT count(*) AS number FROM knowledge_base_document
     WHERE knowledge_base_id = :id AND workspace_id = :workspaceId`,
    params,
  );
  if (Number(found?.number ?? 0) < expected) return false;
  const other = await tx.get(
    `SELECT 1 AS one FROM knowledge_base WHERE workspace_id = :workspaceId AND is_default = 1 AND deleted_at IS NULL`,
    { workspaceId },
  );
  const isDefault = row.is_default === 1 && other === undefined ? 1 : 0;
  // Its time without use counts from now: nothing expires as soon as it is back.
  await tx.run(
    `UPDATE knowledge_base SET deleted_at = NULL, is_default = :isDefault, active_at = :now
     WHERE id = :id AND workspace_id = :workspaceId`,
    { ...params, isDefault, now: now() },
  );
  await submitIndexing(tx, workspaceId, id, now());
  return true;
}

/** With which its index is built: one that is here may have been rebuilt since. */
async function generationOf({ ledger }: BaseWriting, { id, fate, row }: PlannedBase): Promise<string> {
  const here =
    fate === 'there'
      ? await ledger.read.get<{ generation: string }>(
          'SELECT generation FROM knowledge_base WHERE id = :id',
          { id },
        )
      : undefined;
  return (JSON.parse(here?.generation ?? String(row.generation)) as { id: string }).id;
}

/** What was derived of a document waits for its place in the index; what has to be derived anew, for its run. */
function membershipRow(
  writing: BaseWriting,
  { base, generation }: { base: PlannedBase; generation: string },
  row: SqlRow,
): SqlRow {
  const summary = JSON.parse(String(row.summary ?? '{}')) as Record<string, unknown>;
  const { replaces: _replaced, passing: _passing, ...kept } = summary;
  const wasReady = row.status === 'completed' || (row.status === 'failed' && Number(row.chunks) > 0);
  const { artifact } = kept;
  const isDerived =
    wasReady &&
    typeof artifact === 'string' &&
    kept.generation === generation &&
    writing.hasArtifact(artifact);
  const common: SqlRow = {
    ...row,
    knowledge_base_id: base.id,
    document_id: writing.documentId(String(row.document_id)),
    workspace_id: writing.workspaceId,
    batch_id: base.fate === 'back' ? (row.batch_id ?? null) : null,
    run_id: null,
    updated_at: writing.now(),
  };
  if (isDerived) {
    const waiting = JSON.stringify({ ...kept, phase: 'indexing', fraction: 0.9 });
    return { ...common, status: 'in_progress', failure: null, summary: waiting };
  }
  if (row.status === 'failed' || row.status === 'cancelled')
    return { ...common, summary: JSON.stringify(kept) };
  const queued = JSON.stringify({ ...kept, phase: 'queued', fraction: 0 });
  return { ...common, status: 'in_progress', failure: null, summary: queued };
}

/** Those that nobody reads yet: also of a restore that was killed before it came to this. */
async function reingestWaiting({ ledger, workspaceId, now, signal }: BaseWriting, id: string): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const waiting = await ledger.read.all<{ document_id: string }>(
      `SELECT document_id FROM knowledge_base_document WHERE knowledge_base_id = :id AND workspace_id = :workspaceId
         AND status = 'in_progress' AND run_id IS NULL AND instr(summary, '"phase":"queued"') > 0
       ORDER BY document_id LIMIT ${REINGESTED_AT_ONCE}`,
      { id, workspaceId },
    );
    if (waiting.length === 0) return;
    await ledger.transaction(async (tx) => {
      for (const { document_id: document } of waiting)
        await reingestDocument(tx, workspaceId, id, document, now());
    });
  }
}
