import { BudaoError } from '../../contract/errors.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { type ScopedSql, scopeSql } from '../../ledger/scope.ts';
import { RunInterruption } from '../../runs/interruption.ts';
import type { RunContext, RunFailure, RunHandler } from '../../runs/run.ts';
import { submitRun } from '../../runs/run-store.ts';
import { findGeneration, type Generation, lockKnowledgeBase } from '../library/knowledge-bases.ts';
import { listMemberships } from '../library/membership-rows.ts';
import {
  isFindable,
  type Membership,
  reingestDocument,
  saveMembership,
  withEarlierText,
} from '../library/memberships.ts';
import type { ChunkIndex, Embedder, IndexedChunk } from '../ports.ts';
import { type Artifact, indexedChunks, isUnreadable, loadArtifact } from './artifact.ts';
import { type DeriveDependencies, type Derived, deriveArtifact, rederiveArtifact } from './derive.ts';
import { currentGeneration, learnDimension } from './generation.ts';
import { REBUILD_RUN, type RebuildInput } from './inputs.ts';

export interface RebuildDependencies extends DeriveDependencies {
  ledger: Ledger;
  index: ChunkIndex;
  embedder: Embedder | null;
}

const REBUILD_TIMEOUT_MS = 24 * 60 * 60_000;
/** A commit costs some twenty milliseconds and a few synced files, so documents share it; memory sets the bound. */
const DOCUMENTS_PER_COMMIT = 32;
const CHUNKS_PER_COMMIT = 4_000;

type RebuildContext = RunContext<RebuildInput>;

/** What became of one document in the new generation, as of the run that had read it last. */
type Built = { runId: string | null } & Derivation;
/** With both where the original cannot be read, and the new chunks come from what was derived of it before. */
type Derivation = { derived?: Derived; failure?: RunFailure };

/** One that is queued already is enough. @returns the run to announce */
export async function submitRebuild(
  tx: Sql,
  workspaceId: string,
  knowledgeBaseId: string,
  now: number,
  options: Pick<RebuildInput, 'isForced'> = {},
): Promise<{ runId: string; kind: string }> {
  const input: RebuildInput = { knowledgeBaseId, ...options };
  const queued = await scopeSql(tx, workspaceId).get<{ id: string }>(
    `SELECT id FROM run WHERE workspace_id = :workspace AND subject_id = :knowledgeBaseId AND kind = :kind
       AND status = 'queued' AND input = :input ORDER BY id LIMIT 1 /*postgres: FOR UPDATE */`,
    { knowledgeBaseId, kind: REBUILD_RUN, input: JSON.stringify(input) },
  );
  if (queued !== undefined) return { runId: queued.id, kind: REBUILD_RUN };
  const request = {
    kind: REBUILD_RUN,
    workspaceId,
    subjectId: knowledgeBaseId,
    input,
    timeoutMs: REBUILD_TIMEOUT_MS,
    priority: -10,
  };
  const { run } = await submitRun(tx, request, now);
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
      try {
        await learnDimension(dependencies.embedder);
        return { status: 'completed', result: await new Rebuild(dependencies, context).perform() };
      } catch (error) {
        await giveUp(context, error);
        throw error;
      }
    },
  };
}

/** Nobody builds a next generation any more; what was built of it goes when the next rebuild begins. */
async function giveUp(context: RebuildContext, error: unknown): Promise<void> {
  const interruption = error instanceof RunInterruption ? error.reason : null;
  if (interruption === 'lease_lost' || interruption === 'shutdown') return;
  const isPassing = error instanceof BudaoError && error.kind === 'unavailable' && interruption === null;
  if (isPassing && context.run.attempts < context.run.maxAttempts) return;
  await context.transaction((tx) =>
    setNext(scopeSql(tx, context.run.workspaceId), context.input.knowledgeBaseId, null),
  );
}

class Rebuild {
  readonly #dependencies: RebuildDependencies;
  readonly #context: RebuildContext;
  readonly #target: Generation;
  readonly #built = new Map<string, Built>();

  constructor(dependencies: RebuildDependencies, context: RebuildContext) {
    this.#dependencies = dependencies;
    this.#context = context;
    this.#target = currentGeneration(dependencies.embedder);
  }

  async perform(): Promise<Record<string, unknown>> {
    const generation = await this.#step('begin', () => this.#begin());
    if (generation === null) return { dropped: true };
    if (generation.id === this.#target.id) {
      const reingested = this.#context.input.isForced === true ? await this.#reingestAll() : 0;
      return { generation: generation.id, rebuilt: 0, reingested };
    }
    const { index } = this.#dependencies;
    const { knowledgeBaseId } = this.#context.input;
    // After a takeover the switch may lie behind us already: then only the clearing up is left.
    const switched = (await this.#current())?.id === this.#target.id;
    if (!switched && !(await this.#buildAndSwitch())) {
      await index.drop(knowledgeBaseId, this.#target);
      return { dropped: true };
    }
    await index.optimize(knowledgeBaseId, this.#target);
    await index.drop(knowledgeBaseId, generation);
    return { generation: this.#target.id, rebuilt: this.#built.size };
  }

  /** Each keeps its present chunks until its new ones are there. */
  async #reingestAll(): Promise<number> {
    const { workspaceId } = this.#context.run;
    return this.#context.transaction(async (tx) => {
      const documents = await this.#documents(scopeSql(tx, workspaceId));
      for (const { knowledgeBaseId, documentId } of documents)
        await reingestDocument(tx, workspaceId, knowledgeBaseId, documentId, ledgerTime());
      return documents.length;
    });
  }

  /** @returns the generation that is being left, or null without a knowledge base */
  async #begin(): Promise<Generation | null> {
    const { knowledgeBaseId } = this.#context.input;
    const generation = await this.#current();
    if (generation === null || generation.id === this.#target.id) return generation;
    const abandoned = await this.#transaction(async (sql) => {
      const row = await sql.get<{ next_generation: string | null }>(
        'SELECT next_generation FROM knowledge_base WHERE id = :id AND workspace_id = :workspace',
        { id: knowledgeBaseId },
      );
      await setNext(sql, knowledgeBaseId, this.#target);
      return JSON.parse(row?.next_generation ?? 'null') as Generation | null;
    });
    if (abandoned !== null && abandoned.id !== generation.id)
      await this.#dependencies.index.drop(knowledgeBaseId, abandoned);
    return generation;
  }

  /** @returns false when the knowledge base was deleted meanwhile */
  async #buildAndSwitch(): Promise<boolean> {
    for (;;) {
      this.#context.signal.throwIfAborted();
      if ((await this.#current()) === null) return false;
      const { missing, gone } = this.#compare(await this.#documents());
      if (gone.length > 0) {
        await this.#dependencies.index.removeDocuments(
          this.#context.input.knowledgeBaseId,
          this.#target,
          gone,
        );
        for (const documentId of gone) this.#built.delete(documentId);
      }
      if (missing.length === 0 && (await this.#switchOver())) return true;
      for (const batch of batches(missing)) await this.#build(batch);
    }
  }

  #documents(sql: ScopedSql = this.#read()): Promise<Membership[]> {
    const { knowledgeBaseId } = this.#context.input;
    return listMemberships(sql, { knowledgeBaseId, order: 'asc', limit: Number.MAX_SAFE_INTEGER });
  }

  /** What is ready but not built as it is now, and what was built but has left. */
  #compare(documents: readonly Membership[]): { missing: Membership[]; gone: string[] } {
    const present = new Set(documents.map(({ documentId }) => documentId));
    return {
      missing: documents.filter(
        (document) => isFindable(document) && this.#built.get(document.documentId)?.runId !== document.runId,
      ),
      gone: [...this.#built.keys()].filter((documentId) => !present.has(documentId)),
    };
  }

  async #build(memberships: readonly Membership[]): Promise<void> {
    const documents: { documentId: string; chunks: IndexedChunk[] }[] = [];
    for (const membership of memberships) {
      const { documentId, runId } = membership;
      this.#context.signal.throwIfAborted();
      const result = await this.#derive(membership);
      this.#built.set(documentId, { runId, ...result });
      const chunks =
        result.derived !== undefined
          ? indexedChunks(await loadArtifact(this.#dependencies.derived, result.derived.artifact))
          : [];
      documents.push({ documentId, chunks });
    }
    await this.#transaction(async () => {});
    await this.#dependencies.index.replaceDocuments(
      this.#context.input.knowledgeBaseId,
      this.#target,
      documents,
    );
    void this.#context.emit('rebuild.progress', { documents: this.#built.size }).catch(() => {});
  }

  /** A document that can no longer be read fails alone; it does not hold up the others. */
  async #derive(membership: Membership): Promise<Derivation> {
    const { documentId, runId } = membership;
    return this.#step(`build ${documentId} of ${runId ?? 'nobody'}`, async () => {
      const options = {
        dimension: this.#target.dimension,
        signal: this.#context.signal,
        onProgress: async () => {},
      };
      try {
        return { derived: await deriveArtifact(this.#dependencies, membership, options) };
      } catch (error) {
        if (!(error instanceof BudaoError) || error.kind === 'unavailable') throw error;
        const earlier = await this.#earlierArtifact(membership);
        if (earlier === null) return { failure: { code: error.code, message: error.message } };
        const failure = { code: error.code, message: withEarlierText(error.message) };
        return { derived: await rederiveArtifact(this.#dependencies, earlier, options), failure };
      }
    });
  }

  async #earlierArtifact({ summary }: Membership): Promise<Artifact | null> {
    if (summary.artifact === undefined) return null;
    try {
      return await loadArtifact(this.#dependencies.derived, summary.artifact);
    } catch (error) {
      if (isUnreadable(error)) return null;
      throw error;
    }
  }

  /** @returns false when a document was completed or has left meanwhile, so that there is more to do */
  async #switchOver(): Promise<boolean> {
    const { knowledgeBaseId } = this.#context.input;
    return this.#transaction(async (sql) => {
      await lockKnowledgeBase(sql, knowledgeBaseId);
      if ((await findGeneration(sql, knowledgeBaseId)) === null) return false;
      const documents = await this.#documents(sql);
      const { missing, gone } = this.#compare(documents);
      if (missing.length > 0 || gone.length > 0) return false;
      for (const membership of documents) {
        const built = this.#built.get(membership.documentId);
        if (isFindable(membership) && built !== undefined) await this.#saveBuilt(sql, membership, built);
      }
      await sql.run(
        `UPDATE knowledge_base SET generation = :target, next_generation = NULL
         WHERE id = :id AND workspace_id = :workspace`,
        { id: knowledgeBaseId, target: JSON.stringify(this.#target) },
      );
      return true;
    });
  }

  async #saveBuilt(sql: ScopedSql, membership: Membership, built: Built): Promise<void> {
    const { derived, failure = null } = built;
    const status = failure === null ? 'completed' : 'failed';
    const found = derived === undefined ? { chunks: 0 } : { ...derived, generation: this.#target.id };
    await saveMembership(sql, membership, { ...found, status, failure }, ledgerTime());
  }

  #read(): ScopedSql {
    return scopeSql(this.#dependencies.ledger.read, this.#context.run.workspaceId);
  }

  #current(): Promise<Generation | null> {
    return findGeneration(this.#read(), this.#context.input.knowledgeBaseId);
  }

  #transaction<T>(work: (sql: ScopedSql) => Promise<T>): Promise<T> {
    return this.#context.transaction((tx) => work(scopeSql(tx, this.#context.run.workspaceId)));
  }

  /** Named by the target: a run that goes on under another configuration reads back nothing of the old one. */
  #step<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#context.step(`${this.#target.id} ${name}`, work);
  }
}

async function setNext(sql: ScopedSql, knowledgeBaseId: string, next: Generation | null): Promise<void> {
  await sql.run(
    'UPDATE knowledge_base SET next_generation = :next WHERE id = :id AND workspace_id = :workspace',
    { id: knowledgeBaseId, next: next === null ? null : JSON.stringify(next) },
  );
}

function* batches(memberships: readonly Membership[]): Generator<Membership[]> {
  let batch: Membership[] = [];
  let chunks = 0;
  for (const membership of memberships) {
    if (
      batch.length > 0 &&
      (batch.length >= DOCUMENTS_PER_COMMIT || chunks + membership.chunks > CHUNKS_PER_COMMIT)
    ) {
      yield batch;
      batch = [];
      chunks = 0;
    }
    batch.push(membership);
    chunks += membership.chunks;
  }
  if (batch.length > 0) yield batch;
}
