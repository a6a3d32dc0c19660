import { BudaoError } from '../../contract/errors.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { scopeSql } from '../../ledger/scope.ts';
import type { Channel } from '../../runs/channel.ts';
import { availableTopic } from '../../runs/channel.ts';
import { RunInterruption } from '../../runs/interruption.ts';
import type { RunContext, RunFailure, RunHandler, RunOutcome } from '../../runs/run.ts';
import { findGeneration, type Generation } from '../library/knowledge-bases.ts';
import { findMembership } from '../library/membership-rows.ts';
import {
  type IngestPhase,
  isFindable,
  type Membership,
  type MembershipStatus,
  saveProgress,
  submitIndexing,
  withEarlierText,
} from '../library/memberships.ts';
import type { Embedder } from '../ports.ts';
import { type DeriveDependencies, deriveArtifact } from './derive.ts';
import { INDEX_RUN, INGEST_RUN, type IngestInput } from './inputs.ts';

export interface IngestDependencies extends Omit<DeriveDependencies, 'embedder'> {
  ledger: Ledger;
  channel: Channel;
  /** The embedder with this identity, if it is configured. */
  embedderById(id: string): Embedder | null;
}

/** The document was removed, cancelled or handed to a later run while this one was at it. */
class Superseded extends Error {}

const SUPERSEDED: RunOutcome = { status: 'completed', result: { superseded: true } };

/** Parses one document and hands its chunks to the index run. A bad document fails with its reason, for good. */
export function createIngestHandler(dependencies: IngestDependencies): RunHandler<IngestInput> {
  return {
    kind: INGEST_RUN,
    concurrency: 2,
    async handle(context) {
      const { knowledgeBaseId, documentId } = context.input;
      const sql = scopeSql(dependencies.ledger.read, context.run.workspaceId);
      const membership = await findMembership(sql, knowledgeBaseId, documentId);
      const generation = await findGeneration(sql, knowledgeBaseId);
      if (membership === null || generation === null) return SUPERSEDED;
      if (membership.runId !== context.run.id || membership.status !== 'in_progress') return SUPERSEDED;
      try {
        return await ingest(dependencies, context, membership, generation);
      } catch (error) {
        if (error instanceof Superseded) return SUPERSEDED;
        return await settleFailure(context, membership, error);
      }
    },
  };
}

async function ingest(
  dependencies: IngestDependencies,
  context: RunContext<IngestInput>,
  membership: Membership,
  generation: Generation,
): Promise<RunOutcome> {
  const { workspaceId } = context.run;
  const { knowledgeBaseId } = context.input;
  const embedder = embedderFor(dependencies, generation.embedder);
  // Named by the generation: a takeover after a switch derives anew instead of reading back the old result.
  const derived = await context.step(`derive ${generation.id}`, () =>
    deriveArtifact({ ...dependencies, embedder }, membership, {
      dimension: generation.dimension,
      signal: context.signal,
      onProgress: (phase, fraction) => reportProgress(context, membership, phase, fraction),
    }),
  );
  const { chunks, ...summary } = derived;
  const now = ledgerTime();
  await context.transaction(async (tx) => {
    const saved = await saveProgress(
      scopeSql(tx, workspaceId),
      membership,
      { ...summary, chunks, generation: generation.id, phase: 'indexing', fraction: 0.9 },
      now,
    );
    if (!saved) throw new Superseded();
    await submitIndexing(tx, workspaceId, knowledgeBaseId, now);
  });
  dependencies.channel.publishToOne(availableTopic(INDEX_RUN), '');
  return { status: 'completed', result: { chunks, warnings: derived.warnings } };
}

function embedderFor(dependencies: IngestDependencies, id: string | null): Embedder | null {
  if (id === null) return null;
  const embedder = dependencies.embedderById(id);
  if (embedder !== null) return embedder;
  throw new BudaoError(
    'invalid',
    'embedder_missing',
    'The embedding model that this knowledge base was built with is no longer configured. Configure it again, or rebuild the knowledge base.',
  );
}

async function reportProgress(
  context: RunContext<IngestInput>,
  membership: Membership,
  phase: IngestPhase,
  fraction: number,
): Promise<void> {
  void context.emit('ingest.progress', { phase, fraction }, { progress: false }).catch(() => {});
  const saved = await context.transaction((tx) =>
    saveProgress(scopeSql(tx, context.run.workspaceId), membership, { phase, fraction }, ledgerTime()),
  );
  if (!saved) throw new Superseded();
}

/** Passing troubles go back to the kernel, which tries again; the last attempt and real faults show on the document. */
async function settleFailure(
  context: RunContext<IngestInput>,
  membership: Membership,
  error: unknown,
): Promise<RunOutcome> {
  if (!(error instanceof BudaoError)) throw error;
  const interruption = error instanceof RunInterruption ? error.reason : null;
  if (interruption === 'lease_lost' || interruption === 'shutdown') throw error;
  const isPassing = error.kind === 'unavailable' && interruption === null;
  if (isPassing && context.run.attempts < context.run.maxAttempts) throw error;
  const isStillFound = isFindable({ ...membership, status: 'failed' });
  const message = isStillFound ? withEarlierText(error.message) : error.message;
  const failure: RunFailure = { code: error.code, message };
  const status: MembershipStatus = interruption === 'cancelled' ? 'cancelled' : 'failed';
  await context.transaction((tx) =>
    saveProgress(
      scopeSql(tx, context.run.workspaceId),
      membership,
      { status, failure, passing: isPassing },
      ledgerTime(),
    ),
  );
  return status === 'cancelled' ? { status } : { status, failure };
}
