import { BudaoError } from '../../contract/errors.ts';
import { currentGeneration, learnDimension } from '../ingest/generation.ts';
import { REBUILD_RUN } from '../ingest/inputs.ts';
import { submitRebuild } from '../ingest/rebuild-handler.ts';
import type { Generation } from '../library/knowledge-bases.ts';
import { type Examination, openRuns } from './examination.ts';

/** Knowledge bases that were built with another analyser, chunker or embedder than today's. */
export async function checkGenerations(examination: Examination): Promise<void> {
  const { embedder, ledger } = examination.stores;
  try {
    await learnDimension(embedder);
  } catch (error) {
    if (!(error instanceof BudaoError)) throw error;
    return examination.report({
      check: 'generation-outdated',
      severity: 'warning',
      subject: embedder?.id ?? 'embedder',
      message: `The embedding model does not answer, so that generations cannot be compared: ${error.message}`,
      action: 'Check the embedder; then run doctor again.',
    });
  }
  const current = currentGeneration(embedder);
  const rebuilding = new Set((await openRuns(ledger.read, [REBUILD_RUN])).map((run) => run.subject_id));
  const bases = await examination.all<{
    id: string;
    workspace_id: string;
    name: string;
    generation: string;
    next_generation: string | null;
  }>(
    'SELECT id, workspace_id, name, generation, next_generation FROM knowledge_base WHERE deleted_at IS NULL',
  );
  for (const base of bases) {
    const generation = JSON.parse(base.generation) as Generation;
    if (rebuilding.has(base.id)) continue;
    if (generation.id !== current.id) {
      await examination.report(
        {
          check: 'generation-outdated',
          severity: 'warning',
          subject: base.id,
          name: base.name,
          message: `'${base.name}' was built with ${describe(generation)}; today's is ${describe(current)}.`,
          action: 'A rebuild is submitted; the present index answers until it is done.',
        },
        () => examination.transaction((tx) => submitRebuild(tx, base.workspace_id, base.id, examination.now)),
      );
    } else if (base.next_generation !== null) {
      await abandonNext(examination, base.id, base.name, JSON.parse(base.next_generation) as Generation);
    }
  }
}

/** A rebuild was given up on, and what it was for is no longer wanted. */
async function abandonNext(
  examination: Examination,
  id: string,
  name: string,
  next: Generation,
): Promise<void> {
  await examination.report(
    {
      check: 'generation-outdated',
      severity: 'notice',
      subject: id,
      name,
      message: `'${name}' has the beginnings of an index that nobody builds any more.`,
      action: 'They are dropped.',
    },
    async () => {
      await examination.stores.index.drop(id, next);
      await examination.transaction((tx) =>
        tx.run(
          'UPDATE knowledge_base SET next_generation = NULL WHERE id = :id AND next_generation = :next',
          {
            id,
            next: JSON.stringify(next),
          },
        ),
      );
    },
  );
}

function describe(generation: Generation): string {
  return `${generation.analyzer}, ${generation.chunker}, ${generation.embedder ?? 'no embedder'}`;
}
