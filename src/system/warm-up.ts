import type { Generation } from '../knowledge/library/knowledge-bases.ts';
import type { Stores } from './compose.ts';

const MAX_KNOWLEDGE_BASES = 20;

/** Opens the knowledge bases that were used last, so that the first question does not wait for it. */
export async function warmUp({ ledger, searcher }: Pick<Stores, 'ledger' | 'searcher'>): Promise<void> {
  const bases = await ledger.read.all<{ id: string; generation: string }>(
    'SELECT id, generation FROM knowledge_base WHERE deleted_at IS NULL ORDER BY active_at DESC LIMIT :limit',
    { limit: MAX_KNOWLEDGE_BASES },
  );
  for (const { id, generation } of bases) {
    await searcher.warm([{ knowledgeBaseId: id, generation: JSON.parse(generation) as Generation }]);
  }
}
