import { BudaoError } from '../../contract/errors.ts';
import { INDEX_RUN, REBUILD_RUN } from '../ingest/inputs.ts';
import { requestReindex } from '../ingest/reindex.ts';
import type { Generation } from '../library/knowledge-bases.ts';
import {
  isFindable,
  type MembershipStatus,
  type MembershipSummary,
  submitIndexing,
} from '../library/memberships.ts';
import { type Examination, openRuns } from './examination.ts';

interface BaseRow {
  id: string;
  workspace_id: string;
  name: string;
  generation: string;
  next_generation: string | null;
  deleted_at: number | null;
}

/** The index holds what the ledger says: every chunk of every document that is ready, and no others. */
export async function checkIndexes(examination: Examination): Promise<void> {
  const bases = await examination.all<BaseRow>(
    'SELECT id, workspace_id, name, generation, next_generation, deleted_at FROM knowledge_base ORDER BY id',
  );
  for (const base of bases) {
    if (await isBusy(examination, base.id)) continue;
    if (base.deleted_at === null) await checkIndex(examination, base);
    else await checkOrphan(examination, base);
  }
}

/** While a run is changing the index, row and index differ for a moment. */
async function isBusy({ stores }: Examination, knowledgeBaseId: string): Promise<boolean> {
  const open = await openRuns(stores.ledger.read, [INDEX_RUN, REBUILD_RUN]);
  return open.some((run) => run.subject_id === knowledgeBaseId);
}

async function checkIndex(examination: Examination, base: BaseRow): Promise<void> {
  const generation = JSON.parse(base.generation) as Generation;
  let inventory: Map<string, number>;
  try {
    inventory = await examination.stores.index.inventory(base.id, generation);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return reportCorrupt(examination, base, generation);
  }
  for (const chunks of inventory.values()) examination.checked.chunks += chunks;
  const rows = await examination.all<IndexedRow>(
    'SELECT document_id, status, chunks, summary FROM knowledge_base_document WHERE knowledge_base_id = :id',
    { id: base.id },
  );
  const known = new Set(rows.map((row) => row.document_id));
  const surplus = [...inventory.keys()].filter((documentId) => !known.has(documentId));
  const wrong = rows.filter(
    (row) => isFindable(asMembership(row)) && (inventory.get(row.document_id) ?? 0) !== row.chunks,
  );
  // What has changed while it was looked at is looked at again next time.
  if (surplus.length + wrong.length === 0 || (await isBusy(examination, base.id))) return;
  if (wrong.length > 0) await reportMissing(examination, base, wrong, inventory);
  if (surplus.length > 0) await reportSurplus(examination, base, surplus);
}

interface IndexedRow {
  document_id: string;
  status: string;
  chunks: number;
  summary: string | null;
}

function asMembership({ status, chunks, summary }: IndexedRow): Parameters<typeof isFindable>[0] {
  const parsed = JSON.parse(summary ?? '{}') as MembershipSummary;
  return { status: status as MembershipStatus, chunks, summary: parsed };
}

async function reportCorrupt(examination: Examination, base: BaseRow, generation: Generation): Promise<void> {
  await examination.report(
    {
      check: 'index-corrupt',
      severity: 'error',
      subject: base.id,
      name: base.name,
      message: `The search index of '${base.name}' cannot be read.`,
      action: 'It is dropped, and filled again from what was derived of the documents.',
    },
    async () => {
      await examination.stores.index.drop(base.id, generation);
      await examination.transaction((tx) =>
        requestReindex(tx, base.workspace_id, base.id, null, examination.now),
      );
    },
  );
}

async function reportMissing(
  examination: Examination,
  base: BaseRow,
  wrong: readonly { document_id: string; chunks: number }[],
  inventory: ReadonlyMap<string, number>,
): Promise<void> {
  const expected = wrong.reduce((sum, row) => sum + row.chunks, 0);
  const found = wrong.reduce((sum, row) => sum + (inventory.get(row.document_id) ?? 0), 0);
  await examination.report(
    {
      check: 'index-missing',
      severity: 'error',
      subject: base.id,
      name: base.name,
      message: `The index of '${base.name}' holds ${found} of ${expected} chunks of ${wrong.length} documents.`,
      action: 'The documents are put into the index again.',
    },
    () =>
      examination.transaction((tx) =>
        requestReindex(
          tx,
          base.workspace_id,
          base.id,
          wrong.map((row) => row.document_id),
          examination.now,
        ),
      ),
  );
}

/** The index run removes them, so that no two processes write to the table: it is told by rows of its own. */
async function reportSurplus(
  examination: Examination,
  base: BaseRow,
  documentIds: readonly string[],
): Promise<void> {
  await examination.report(
    {
      check: 'index-surplus',
      severity: 'warning',
      subject: base.id,
      name: base.name,
      message: `The index of '${base.name}' holds chunks of ${documentIds.length} documents that are not in it.`,
      action: 'They are removed from the index.',
    },
    () =>
      examination.transaction(async (tx) => {
        for (const documentId of documentIds) {
          await tx.run(
            `INSERT INTO knowledge_base_document (knowledge_base_id, document_id, workspace_id, batch_id, attributes,
               chunking, status, run_id, failure, summary, chunks, created_at, updated_at)
             VALUES (:id, :documentId, :workspaceId, NULL, '{}', '{}', 'removing', NULL, NULL, NULL, 0, :now, :now)
             ON CONFLICT (knowledge_base_id, document_id) DO NOTHING`,
            { id: base.id, documentId, workspaceId: base.workspace_id, now: examination.now },
          );
        }
        await submitIndexing(tx, base.workspace_id, base.id, examination.now);
      }),
  );
}

/** A knowledge base that was deleted leaves no index, in neither of its generations. */
async function checkOrphan(examination: Examination, base: BaseRow): Promise<void> {
  const { index } = examination.stores;
  for (const text of [base.generation, base.next_generation]) {
    if (text === null) continue;
    const generation = JSON.parse(text) as Generation;
    const isEmpty = await index.inventory(base.id, generation).then(
      (inventory) => inventory.size === 0,
      (error: unknown) => {
        if (!isCorrupt(error)) throw error;
        return false;
      },
    );
    if (isEmpty) continue;
    await examination.report(
      {
        check: 'index-orphan',
        severity: 'notice',
        subject: base.id,
        name: base.name,
        message: `'${base.name}' was deleted, and its index is still there.`,
        action: 'The index is dropped.',
      },
      () => index.drop(base.id, generation),
    );
  }
}

function isCorrupt(error: unknown): boolean {
  return error instanceof BudaoError && error.code === 'index_corrupt';
}
