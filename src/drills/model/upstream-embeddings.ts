import { createHash } from 'node:crypto';

export type EmbeddingsBehaviour =
  | 'ok'
  | 'unsorted'
  | 'wrong-dimension'
  | 'wrong-count'
  | 'not-a-number'
  | 'all-zero'
  | 'another-model'
  | 'garbage';

/** A vector that depends on the character bigrams of the text: shared bigrams make texts similar. */
export function hashEmbedding(text: string, dimension: number): number[] {
  const vector = Array.from({ length: dimension }, () => 0);
  const characters = [...text.toLowerCase()];
  for (const [index, character] of characters.entries()) {
    const bigram = `${character}${characters[index + 1] ?? ''}`;
    const hash = createHash('sha256').update(bigram).digest().readUInt32LE(0);
    vector[hash % dimension]! += hash & 0x8000_0000 ? 1 : -1;
  }
  const norm = Math.hypot(...vector);
  if (norm === 0) vector[0] = 1;
  return norm === 0 ? vector : vector.map((value) => value / norm);
}

/** The body of an `/embeddings` answer, true or lying. */
export function embeddingsBody(
  inputs: readonly string[],
  dimension: number,
  behaviour: EmbeddingsBehaviour,
): string {
  if (behaviour === 'garbage') return '{"data": [';
  let rows: { object: 'embedding'; index: number; embedding: (number | null)[] }[] = inputs.map(
    (input, index) => ({ object: 'embedding', index, embedding: hashEmbedding(input, dimension) }),
  );
  // Of the same length, and in no relation to those of before.
  if (behaviour === 'another-model') for (const row of rows) row.embedding.reverse();
  const last = rows.at(-1);
  if (behaviour === 'unsorted') rows.reverse();
  if (behaviour === 'wrong-count') rows = rows.slice(1);
  if (behaviour === 'wrong-dimension') last?.embedding.pop();
  // JSON has no NaN; servers write null for it.
  if (behaviour === 'not-a-number' && last !== undefined) last.embedding[0] = null;
  if (behaviour === 'all-zero') last?.embedding.fill(0);
  return JSON.stringify({
    object: 'list',
    data: rows,
    model: 'hash',
    usage: { prompt_tokens: inputs.join('').length, total_tokens: inputs.join('').length },
  });
}
