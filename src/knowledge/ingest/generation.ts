import { createHash } from 'node:crypto';
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
