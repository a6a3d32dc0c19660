import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { scopeSql } from '../../ledger/scope.ts';
import type { RunContext, RunHandler } from '../../runs/run.ts';
import { submitRun } from '../../runs/run-store.ts';
import { type Generation, getKnowledgeBase } from '../library/knowledge-bases.ts';
import { listMemberships } from '../library/membership-rows.ts';
import { type Membership, saveMembership } from '../library/memberships.ts';
import type { ChunkIndex, Embedder } from '../ports.ts';
import { indexedChunks, loadArtifact } from './artifact.ts';
import { type DeriveDependencies, deriveArtifact } from './derive.ts';
import { currentGeneration, learnDimension } from './generation.ts';
import { REBUILD_RUN, type RebuildInput } from './inputs.ts';

export interface RebuildDependencies extends DeriveDependencies {
  ledger: Ledger;
  index: ChunkIndex;
  embedder: Embedder | null;
}

const REBUILD_TIMEOUT_MS = 24 * 60 * 60_000;

/** What the new generation holds of a document so far. */
interface Built {
  documentId: string;
  artifact: string;
  chunks: number;
}

export async function submitRebuild(
  tx: Sql,
  workspaceId: string,
  knowledgeBaseId: string,
  now: number,
): Promise<{ runId: string; kind: string }> {
  const input: RebuildInput = { knowledgeBaseId };
  const { run } = await submitRun(
    tx,
    {
      kind: REBUILD_RUN,
      workspaceId,
      subjectId: knowledgeBaseId,
      input,
      timeoutMs: REBUILD_TIMEOUT_MS,
      priority: -10,
    },
    now,
  );
  return { runId: run.id, kind: REBUILD_RUN };
}

/**
 * Derives every document anew for today's generation, into a table of its own, while the old one goes on answering.
 * Then one transaction switches all processes.
 */
export function createRebuildHandler(dependencies: RebuildDependencies): RunHandler<RebuildInput> {
  return {
    kind: REBUILD_RUN,
    concurrency: 1,
    async handle(context) {
      await learnDimension(dependencies.embedder);
      const target = currentGeneration(dependencies.embedder);
      const { workspaceId } = context.run;
      const { knowledgeBaseId } = context.input;
      const base = await getKnowledgeBase(scopeSql(dependencies.ledger.read, workspaceId), knowledgeBaseId);
      if (base.generation.id === target.id)
        return { status: 'completed', result: { generation: target.id, rebuilt: 0 } };
      await context.transaction((tx) =>
        scopeSql(tx, workspaceId).run(
          'UPDATE knowledge_base SET next_generation = :next WHERE id = :id AND workspace_id = :workspace',
          { id: knowledgeBaseId, next: JSON.stringify(target) },
        ),
      );
      const built = new Map<string, Built>();
      for (;;) {
        const missing = (await completedDocuments(dependencies, context)).filter(
          (one) => !built.has(one.documentId),
        );
        if (missing.length === 0 && (await switchOver(context, target, built))) break;
        for (const membership of missing)
          built.set(membership.documentId, await buildOne(dependencies, context, target, membership));
      }
      await dependencies.index.optimize(knowledgeBaseId, target);
      await dependencies.index.drop(knowledgeBaseId, base.generation);
      return { status: 'completed', result: { generation: target.id, rebuilt: built.size } };
    },
  };
}

function completedDocuments(
  { ledger }: RebuildDependencies,
  context: RunContext<RebuildInput>,
): Promise<Membership[]> {
  return listMemberships(scopeSql(ledger.read, context.run.workspaceId), {
    knowledgeBaseId: context.input.knowledgeBaseId,
    status: 'completed',
    order: 'asc',
    limit: 1_000_000,
  });
}

async function buildOne(
  dependencies: RebuildDependencies,
  context: RunContext<RebuildInput>,
  target: Generation,
  membership: Membership,
): Promise<Built> {
  const { documentId } = membership;
  const derived = await context.step(`build ${documentId}`, () =>
    deriveArtifact(dependencies, membership, { signal: context.signal, onProgress: async () => {} }),
  );
  const artifact = await loadArtifact(dependencies.derived, derived.artifact);
  const chunks = indexedChunks(artifact);
  await dependencies.index.replaceDocuments(context.input.knowledgeBaseId, target, [{ documentId, chunks }]);
  void context.emit('rebuild.progress', { documentId }).catch(() => {});
  return { documentId, artifact: derived.artifact, chunks: chunks.length };
}

/** @returns false when a document was completed meanwhile that the new generation does not have yet */
async function switchOver(
  context: RunContext<RebuildInput>,
  target: Generation,
  built: ReadonlyMap<string, Built>,
): Promise<boolean> {
  const { workspaceId } = context.run;
  const { knowledgeBaseId } = context.input;
  return context.transaction(async (tx) => {
    const scoped = scopeSql(tx, workspaceId);
    const memberships = await listMemberships(scoped, { knowledgeBaseId, order: 'asc', limit: 1_000_000 });
    const completed = memberships.filter((membership) => membership.status === 'completed');
    if (completed.some((membership) => !built.has(membership.documentId))) return false;
    for (const membership of completed) {
      const { artifact, chunks } = built.get(membership.documentId) as Built;
      await saveMembership(scoped, membership, { artifact, chunks, generation: target.id }, Date.now());
    }
    await scoped.run(
      `UPDATE knowledge_base SET generation = :target, next_generation = NULL
       WHERE id = :id AND workspace_id = :workspace`,
      { id: knowledgeBaseId, target: JSON.stringify(target) },
    );
    return true;
  });
}
