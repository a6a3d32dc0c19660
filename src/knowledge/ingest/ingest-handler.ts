import { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { scopeSql } from '../../ledger/scope.ts';
import type { Channel } from '../../runs/channel.ts';
import { RUNS_AVAILABLE } from '../../runs/channel.ts';
import { RunInterruption } from '../../runs/interruption.ts';
import type { RunContext, RunFailure, RunHandler, RunOutcome } from '../../runs/run.ts';
import { getKnowledgeBase } from '../library/knowledge-bases.ts';
import {
  getMembership,
  type IngestPhase,
  type Membership,
  type MembershipStatus,
  saveMembership,
  submitIndexing,
} from '../library/memberships.ts';
import type { Embedder } from '../ports.ts';
import { type DeriveDependencies, deriveArtifact } from './derive.ts';
import { INGEST_RUN, type IngestInput } from './inputs.ts';

export interface IngestDependencies extends Omit<DeriveDependencies, 'embedder'> {
  ledger: Ledger;
  channel: Channel;
  /** The embedder with this identity, if it is configured. */
  embedderById(id: string): Embedder | null;
}

/** Parses one document and hands its chunks to the index run. A bad document fails with its reason, for good. */
export function createIngestHandler(dependencies: IngestDependencies): RunHandler<IngestInput> {
  return {
    kind: INGEST_RUN,
    concurrency: 2,
    async handle(context) {
      const membership = await findMembership(dependencies, context);
      if (membership === null) return { status: 'completed', result: { removed: true } };
      try {
        return await ingest(dependencies, context, membership);
      } catch (error) {
        return await settleFailure(context, membership, error);
      }
    },
  };
}

async function findMembership(
  { ledger }: IngestDependencies,
  context: RunContext<IngestInput>,
): Promise<Membership | null> {
  const { knowledgeBaseId, documentId } = context.input;
  try {
    return await getMembership(scopeSql(ledger.read, context.run.workspaceId), knowledgeBaseId, documentId);
  } catch (error) {
    if (error instanceof BudaoError && error.kind === 'not_found') return null;
    throw error;
  }
}

async function ingest(
  dependencies: IngestDependencies,
  context: RunContext<IngestInput>,
  membership: Membership,
): Promise<RunOutcome> {
  const { workspaceId } = context.run;
  const { knowledgeBaseId } = context.input;
  const base = await getKnowledgeBase(scopeSql(dependencies.ledger.read, workspaceId), knowledgeBaseId);
  const embedder = embedderFor(dependencies, base.generation.embedder);
  const derived = await context.step('derive', () =>
    deriveArtifact({ ...dependencies, embedder }, membership, {
      signal: context.signal,
      onProgress: (phase, fraction) => reportProgress(context, membership, phase, fraction),
    }),
  );
  await context.transaction(async (tx) => {
    const { chunks, ...summary } = derived;
    await saveMembership(
      scopeSql(tx, workspaceId),
      membership,
      {
        ...summary,
        status: 'in_progress',
        chunks,
        generation: base.generation.id,
        phase: 'indexing',
        fraction: 0.9,
      },
      Date.now(),
    );
    await submitIndexing(tx, workspaceId, knowledgeBaseId, Date.now());
  });
  dependencies.channel.publishToOne(RUNS_AVAILABLE, '');
  return { status: 'completed', result: { chunks: derived.chunks, warnings: derived.warnings } };
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
  await context.transaction((tx) =>
    saveMembership(scopeSql(tx, context.run.workspaceId), membership, { phase, fraction }, Date.now()),
  );
}

/** Passing troubles go back to the kernel, which tries again; the last attempt and real faults show on the document. */
async function settleFailure(
  context: RunContext<IngestInput>,
  membership: Membership,
  error: unknown,
): Promise<RunOutcome> {
  if (error instanceof RunInterruption && error.reason !== 'cancelled' && error.reason !== 'deadline')
    throw error;
  const isPassing =
    error instanceof BudaoError && error.kind === 'unavailable' && !(error instanceof RunInterruption);
  if (isPassing && context.run.attempts < context.run.maxAttempts) throw error;
  if (!(error instanceof BudaoError)) throw error;
  const cancelled = error instanceof RunInterruption && error.reason === 'cancelled';
  const failure: RunFailure = { code: error.code, message: error.message };
  const status: MembershipStatus = cancelled ? 'cancelled' : 'failed';
  await context.transaction((tx) =>
    saveMembership(scopeSql(tx, context.run.workspaceId), membership, { status, failure }, Date.now()),
  );
  return cancelled ? { status: 'cancelled' } : { status: 'failed', failure };
}
