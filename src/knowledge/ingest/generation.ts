import { createHash } from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';
import { CHUNKER_VERSION } from '../chunk/chunk-document.ts';
import type { Generation } from '../library/knowledge-bases.ts';
import type { Embedder } from '../ports.ts';
import { ANALYZER_VERSION } from '../text/tokenise.ts';

/** What an index built today is built with. */
export function currentGeneration(embedder: Embedder | null): Generation {
  const parts = {
    analyzer: ANALYZER_VERSION,
    chunker: CHUNKER_VERSION,
    embedder: embedder?.id ?? null,
    dimension: embedder?.dimension ?? null,
  };
  const identity = JSON.stringify([parts.analyzer, parts.chunker, parts.embedder, parts.dimension]);
  return { id: `g${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`, ...parts };
}

/** The vector length is only known after a first call, and belongs to the generation's identity. */
export async function learnDimension(embedder: Embedder | null): Promise<void> {
  if (embedder !== null && embedder.dimension === null)
    await embedder.embed(['维度'], { purpose: 'passage' });
}

/** Today's generation, or a lexical one while the embedder is away: that is rebuilt once the embedder answers. */
export async function usableGeneration(embedder: Embedder | null): Promise<Generation> {
  try {
    await learnDimension(embedder);
    return currentGeneration(embedder);
  } catch (error) {
    if (!(error instanceof BudaoError)) throw error;
    return currentGeneration(null);
  }
}
