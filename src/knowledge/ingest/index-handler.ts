import { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { scopeSql } from '../../ledger/scope.ts';
import type { RunContext, RunHandler } from '../../runs/run.ts';
import type { Generation } from '../library/knowledge-bases.ts';
import { listMemberships } from '../library/membership-rows.ts';
import { type Membership, reingestDocument, saveMembership } from '../library/memberships.ts';
import type { BlobStore, ChunkIndex, IndexedChunk } from '../ports.ts';
import { indexedChunks, loadArtifact } from './artifact.ts';
import { INDEX_RUN, type IndexInput } from './inputs.ts';

export interface IndexingDependencies {
  ledger: Ledger;
  derived: BlobStore;
  index: ChunkIndex;
}

const DOCUMENTS_PER_COMMIT = 32;

/** Brings one knowledge base's index up to the ledger: removes what is leaving, adds what was parsed. */
export function createIndexHandler(dependencies: IndexingDependencies): RunHandler<IndexInput> {
  return {
    kind: INDEX_RUN,
    concurrency: 1,
    async handle(context) {
      const generation = await generationOf(dependencies, context);
      let indexed = 0;
      let removed = 0;
      for (;;) {
        context.signal.throwIfAborted();
        removed += await removeLeaving(dependencies, context, generation);
        if (generation === null) break;
        const pending = await pendingDocuments(dependencies, context);
        if (pending.length === 0) break;
        indexed += await indexDocuments(dependencies, context, generation, pending);
      }
      if (generation !== null && indexed + removed > 0) {
        await dependencies.index.optimize(context.input.knowledgeBaseId, generation);
      }
      return { status: 'completed', result: { indexed, removed } };
    },
  };
}

/** Null when the knowledge base was deleted: then its whole index goes. */
async function generationOf(
  { ledger, index }: IndexingDependencies,
  context: RunContext<IndexInput>,
): Promise<Generation | null> {
  const { knowledgeBaseId } = context.input;
  const row = await scopeSql(ledger.read, context.run.workspaceId).get<{
    generation: string;
    deleted_at: number | null;
  }>('SELECT generation, deleted_at FROM knowledge_base WHERE id = :id AND workspace_id = :workspace', {
    id: knowledgeBaseId,
  });
  if (row === undefined) return null;
  const generation = JSON.parse(row.generation) as Generation;
  if (row.deleted_at === null) return generation;
  await index.drop(knowledgeBaseId, generation);
  await context.transaction((tx) =>
    scopeSql(tx, context.run.workspaceId).run(
      'DELETE FROM knowledge_base_document WHERE knowledge_base_id = :id AND workspace_id = :workspace',
      { id: knowledgeBaseId },
    ),
  );
  return null;
}

async function removeLeaving(
  { ledger, index }: IndexingDependencies,
  context: RunContext<IndexInput>,
  generation: Generation | null,
): Promise<number> {
  const { knowledgeBaseId } = context.input;
  const leaving = await scopeSql(ledger.read, context.run.workspaceId).all<{ document_id: string }>(
    `SELECT document_id FROM knowledge_base_document
     WHERE knowledge_base_id = :id AND workspace_id = :workspace AND status = 'removing' LIMIT 500`,
    { id: knowledgeBaseId },
  );
  if (leaving.length === 0) return 0;
  const ids = leaving.map((row) => row.document_id);
  if (generation !== null) await index.removeDocuments(knowledgeBaseId, generation, ids);
  await context.transaction(async (tx) => {
    for (const documentId of ids) {
      await scopeSql(tx, context.run.workspaceId).run(
        `DELETE FROM knowledge_base_document WHERE knowledge_base_id = :id AND document_id = :documentId
           AND workspace_id = :workspace AND status = 'removing'`,
        { id: knowledgeBaseId, documentId },
      );
    }
  });
  return ids.length;
}

async function pendingDocuments(
  { ledger }: IndexingDependencies,
  context: RunContext<IndexInput>,
): Promise<Membership[]> {
  const inProgress = await listMemberships(scopeSql(ledger.read, context.run.workspaceId), {
    knowledgeBaseId: context.input.knowledgeBaseId,
    status: 'in_progress',
    order: 'asc',
    limit: 10_000,
  });
  return inProgress
    .filter(({ summary }) => summary.phase === 'indexing' && summary.artifact !== undefined)
    .slice(0, DOCUMENTS_PER_COMMIT);
}

async function indexDocuments(
  dependencies: IndexingDependencies,
  context: RunContext<IndexInput>,
  generation: Generation,
  memberships: readonly Membership[],
): Promise<number> {
  const { workspaceId } = context.run;
  const loaded: { membership: Membership; documentId: string; chunks: IndexedChunk[] }[] = [];
  for (const membership of memberships) {
    const chunks = await loadIndexedChunks(dependencies.derived, membership, generation);
    if (chunks === null) {
      // What was derived is gone or was made for another generation: derive it again from the stored bytes.
      await context.transaction((tx) =>
        reingestDocument(tx, workspaceId, membership.knowledgeBaseId, membership.documentId, Date.now()),
      );
    } else {
      loaded.push({ membership, documentId: membership.documentId, chunks });
    }
  }
  if (loaded.length === 0) return 0;
  await dependencies.index.replaceDocuments(context.input.knowledgeBaseId, generation, loaded);
  await context.transaction(async (tx) => {
    const scoped = scopeSql(tx, workspaceId);
    for (const { membership } of loaded) {
      await saveMembership(
        scoped,
        membership,
        { status: 'completed', phase: 'ready', fraction: 1 },
        Date.now(),
      );
      if (membership.summary.replaces !== undefined)
        await retire(scoped, membership, membership.summary.replaces);
    }
  });
  void context.emit('index.progress', { documents: loaded.length }).catch(() => {});
  return loaded.length;
}

/** The replaced document leaves in the very transaction in which its successor arrives. */
async function retire(
  scoped: ReturnType<typeof scopeSql>,
  membership: Membership,
  documentId: string,
): Promise<void> {
  await scoped.run(
    `UPDATE knowledge_base_document SET status = 'removing', updated_at = :now
     WHERE knowledge_base_id = :id AND document_id = :documentId AND workspace_id = :workspace`,
    { id: membership.knowledgeBaseId, documentId, now: Date.now() },
  );
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
    if (error instanceof BudaoError && error.code === 'blob_missing') return null;
    throw error;
  }
}
