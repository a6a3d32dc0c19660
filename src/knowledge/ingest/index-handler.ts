import { BudaoError } from '../../contract/errors.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type ScopedSql, scopeSql } from '../../ledger/scope.ts';
import type { RunContext, RunHandler } from '../../runs/run.ts';
import { findGeneration, type Generation, lockKnowledgeBase } from '../library/knowledge-bases.ts';
import { listMemberships } from '../library/membership-rows.ts';
import { type Membership, reingestDocument, saveProgress } from '../library/memberships.ts';
import type { BlobStore, ChunkIndex, IndexedChunk } from '../ports.ts';
import { indexedChunks, isUnreadable, loadArtifact } from './artifact.ts';
import { INDEX_RUN, type IndexInput } from './inputs.ts';
import { requestReindex } from './reindex.ts';

export interface IndexingDependencies {
  ledger: Ledger;
  derived: BlobStore;
  index: ChunkIndex;
}

/** A commit costs some twenty milliseconds and a few synced files, so documents share it; memory sets the bound. */
const DOCUMENTS_PER_COMMIT = 32;
const CHUNKS_PER_COMMIT = 4_000;
const REMOVALS_PER_COMMIT = 500;
const COMMITS_PER_OPTIMIZE = 16;
/** A table that cannot be read is tried again first: the trouble may pass. */
const ATTEMPTS_BEFORE_STARTING_OVER = 3;

type IndexContext = RunContext<IndexInput>;

/** Brings one knowledge base's index up to the ledger: removes what is leaving, adds what was parsed. */
export function createIndexHandler(dependencies: IndexingDependencies): RunHandler<IndexInput> {
  return {
    kind: INDEX_RUN,
    concurrency: 1,
    async handle(context) {
      const done = { indexed: 0, removed: 0 };
      let commits = 0;
      let generation: Generation | null = null;
      for (;;) {
        context.signal.throwIfAborted();
        // Looked up for each commit: a rebuild may have switched, or the knowledge base may have been deleted.
        generation = await findGeneration(scoped(dependencies, context), context.input.knowledgeBaseId);
        if (generation === null) {
          await dropDeleted(dependencies, context);
          return { status: 'completed', result: { dropped: true } };
        }
        const moved = await startingOverIfCorrupt(dependencies, context, generation, async (current) => {
          const removed = await removeLeaving(dependencies, context, current);
          const indexed = await indexPending(dependencies, context, current);
          done.removed += removed;
          done.indexed += indexed.documents;
          return removed + indexed.seen;
        });
        if (moved === 0) break;
        commits += 1;
      }
      if (await isTimeToOptimize(dependencies, context, commits))
        await dependencies.index.optimize(context.input.knowledgeBaseId, generation);
      return { status: 'completed', result: done };
    },
  };
}

function scoped({ ledger }: IndexingDependencies, context: IndexContext): ScopedSql {
  return scopeSql(ledger.read, context.run.workspaceId);
}

/**
 * Folding small pieces together costs most of a second on thirty thousand chunks, far more than searching a few
 * pieces beside the index, so several runs share it.
 */
async function isTimeToOptimize(
  dependencies: IndexingDependencies,
  context: IndexContext,
  commits: number,
): Promise<boolean> {
  if (commits === 0) return false;
  const row = await scoped(dependencies, context).get<{ number: number }>(
    `SELECT count(*) AS number FROM run WHERE workspace_id = :workspace AND subject_id = :knowledgeBaseId
       AND kind = :kind AND status = 'completed'`,
    { knowledgeBaseId: context.input.knowledgeBaseId, kind: INDEX_RUN },
  );
  const before = row?.number ?? 0;
  return Math.floor((before + commits) / COMMITS_PER_OPTIMIZE) > Math.floor(before / COMMITS_PER_OPTIMIZE);
}

/** The whole index of a knowledge base that is gone, in both of its generations. */
async function dropDeleted({ ledger, index }: IndexingDependencies, context: IndexContext): Promise<void> {
  const { knowledgeBaseId } = context.input;
  const { workspaceId } = context.run;
  const row = await scopeSql(ledger.read, workspaceId).get<{
    generation: string;
    next_generation: string | null;
  }>('SELECT generation, next_generation FROM knowledge_base WHERE id = :id AND workspace_id = :workspace', {
    id: knowledgeBaseId,
  });
  for (const generation of [row?.generation, row?.next_generation]) {
    if (typeof generation === 'string')
      await index.drop(knowledgeBaseId, JSON.parse(generation) as Generation);
  }
  await context.transaction((tx) =>
    scopeSql(tx, workspaceId).run(
      // One that a restore has brought back meanwhile keeps what is in it.
      `DELETE FROM knowledge_base_document WHERE knowledge_base_id = :id AND workspace_id = :workspace
         AND NOT EXISTS (SELECT 1 FROM knowledge_base
           WHERE knowledge_base.id = :id AND knowledge_base.workspace_id = :workspace AND deleted_at IS NULL)`,
      { id: knowledgeBaseId },
    ),
  );
}

/** The index is derived: one that stays unreadable is thrown away, and filled again from what was parsed. */
async function startingOverIfCorrupt(
  dependencies: IndexingDependencies,
  context: IndexContext,
  generation: Generation,
  work: (generation: Generation) => Promise<number>,
): Promise<number> {
  try {
    return await work(generation);
  } catch (error) {
    const isCorrupt = error instanceof BudaoError && error.code === 'index_corrupt';
    if (!isCorrupt || context.run.attempts < ATTEMPTS_BEFORE_STARTING_OVER) throw error;
    const { knowledgeBaseId } = context.input;
    await dependencies.index.drop(knowledgeBaseId, generation);
    await context.transaction((tx) =>
      requestReindex(tx, context.run.workspaceId, knowledgeBaseId, null, ledgerTime()),
    );
    return work(generation);
  }
}

async function removeLeaving(
  dependencies: IndexingDependencies,
  context: IndexContext,
  generation: Generation,
): Promise<number> {
  const { knowledgeBaseId } = context.input;
  const leaving = await scoped(dependencies, context).all<{ document_id: string }>(
    `SELECT document_id FROM knowledge_base_document
     WHERE knowledge_base_id = :id AND workspace_id = :workspace AND status = 'removing' LIMIT :limit`,
    { id: knowledgeBaseId, limit: REMOVALS_PER_COMMIT },
  );
  if (leaving.length === 0) return 0;
  const ids = leaving.map((row) => row.document_id);
  await dependencies.index.removeDocuments(knowledgeBaseId, generation, ids);
  await context.transaction(async (tx) => {
    const sql = scopeSql(tx, context.run.workspaceId);
    // Chunks that a rebuild has switched in meanwhile are removed in the next round.
    await lockKnowledgeBase(sql, knowledgeBaseId);
    if ((await findGeneration(sql, knowledgeBaseId))?.id !== generation.id) return;
    for (const documentId of ids) {
      await sql.run(
        `DELETE FROM knowledge_base_document WHERE knowledge_base_id = :id AND document_id = :documentId
           AND workspace_id = :workspace AND status = 'removing'`,
        { id: knowledgeBaseId, documentId },
      );
    }
  });
  return ids.length;
}

/** @returns how many documents were waiting, and how many of them are in the index now */
async function indexPending(
  dependencies: IndexingDependencies,
  context: IndexContext,
  generation: Generation,
): Promise<{ seen: number; documents: number }> {
  const { workspaceId } = context.run;
  const { knowledgeBaseId } = context.input;
  const pending = await pendingDocuments(dependencies, context);
  const loaded: { membership: Membership; documentId: string; chunks: IndexedChunk[] }[] = [];
  for (const membership of pending) {
    const { documentId } = membership;
    const chunks = await loadIndexedChunks(dependencies.derived, membership, generation);
    if (chunks !== null) loaded.push({ membership, documentId, chunks });
    // What was derived is gone or is for another generation: it is derived again from the stored bytes.
    else await context.transaction((tx) => reingestIfUnchanged(tx, workspaceId, membership, ledgerTime()));
  }
  if (loaded.length === 0) return { seen: pending.length, documents: 0 };
  // A worker that was away for long must not write over what its successor has written.
  await context.transaction(async () => {});
  await dependencies.index.replaceDocuments(knowledgeBaseId, generation, loaded);
  const documents = await context.transaction(async (tx) => {
    const sql = scopeSql(tx, workspaceId);
    await lockKnowledgeBase(sql, knowledgeBaseId);
    if ((await findGeneration(sql, knowledgeBaseId))?.id !== generation.id) return 0;
    let completed = 0;
    for (const { membership } of loaded) if (await complete(sql, membership)) completed += 1;
    return completed;
  });
  void context.emit('index.progress', { documents }).catch(() => {});
  return { seen: pending.length, documents };
}

async function pendingDocuments(
  dependencies: IndexingDependencies,
  context: IndexContext,
): Promise<Membership[]> {
  const inProgress = await listMemberships(scoped(dependencies, context), {
    knowledgeBaseId: context.input.knowledgeBaseId,
    status: 'in_progress',
    phase: 'indexing',
    order: 'asc',
    limit: DOCUMENTS_PER_COMMIT,
  });
  let chunks = 0;
  return inProgress.filter((membership, position) => {
    chunks += membership.chunks;
    return position === 0 || chunks <= CHUNKS_PER_COMMIT;
  });
}

type Sql = Parameters<typeof reingestDocument>[0];

async function reingestIfUnchanged(
  tx: Sql,
  workspaceId: string,
  membership: Membership,
  now: number,
): Promise<void> {
  const isStill = await saveProgress(scopeSql(tx, workspaceId), membership, {}, now);
  if (isStill)
    await reingestDocument(tx, workspaceId, membership.knowledgeBaseId, membership.documentId, now);
}

/** The replaced document leaves in the very transaction in which its successor arrives. */
async function complete(sql: ScopedSql, membership: Membership): Promise<boolean> {
  const now = ledgerTime();
  const { replaces, ...summary } = membership.summary;
  const arrived = { ...membership, summary };
  const change = { status: 'completed', phase: 'ready', fraction: 1, failure: null } as const;
  if (!(await saveProgress(sql, arrived, change, now))) return false;
  await retire(sql, membership.knowledgeBaseId, replaces, now);
  return true;
}

/** One that is replaced before it was ready takes along what it was to replace. */
async function retire(
  sql: ScopedSql,
  knowledgeBaseId: string,
  first: string | undefined,
  now: number,
): Promise<void> {
  const seen = new Set<string>();
  for (let documentId = first; documentId !== undefined && !seen.has(documentId); ) {
    seen.add(documentId);
    const row: { summary: string | null } | undefined = await sql.get(
      `UPDATE knowledge_base_document SET status = 'removing', updated_at = :now
       WHERE knowledge_base_id = :knowledgeBaseId AND document_id = :documentId AND workspace_id = :workspace
       RETURNING summary`,
      { knowledgeBaseId, documentId, now },
    );
    const summary = JSON.parse(row?.summary ?? '{}') as { replaces?: string };
    documentId = summary.replaces;
  }
}

/** Null when the chunks have to be derived again. */
async function loadIndexedChunks(
  derived: BlobStore,
  { summary }: Membership,
  generation: Generation,
): Promise<IndexedChunk[] | null> {
  if (summary.artifact === undefined || summary.generation !== generation.id) return null;
  try {
    return indexedChunks(await loadArtifact(derived, summary.artifact));
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}
