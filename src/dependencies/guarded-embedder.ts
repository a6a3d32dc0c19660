import type { Embedder } from '../knowledge/ports.ts';
import type { Dependency } from './dependency.ts';

/**
 * An embedder behind its breaker. A question's vector is waited for by a person and may be asked for twice; the
 * passages of a document are not.
 */
export function guardEmbedder(
  embedder: Embedder & Partial<AsyncDisposable>,
  dependency: Dependency,
): Embedder & AsyncDisposable {
  return {
    id: embedder.id,
    get dimension() {
      return embedder.dimension;
    },
    embed: (texts, { purpose, signal }) =>
      dependency.call((limited) => embedder.embed(texts, { purpose, signal: limited }), {
        signal,
        hedge: purpose === 'query',
      }),
    async [Symbol.asyncDispose]() {
      await embedder[Symbol.asyncDispose]?.();
    },
  };
}
