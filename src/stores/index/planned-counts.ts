/** Counts the terms of a question in the joined terms of a row, without making a string of each. */

const SPACE = 32;

export type PlannedCounter = (joined: string) => { counts: Uint16Array; length: number };

/** A counter for these terms; `length` is the number of all terms in the row. */
export function createPlannedCounter(terms: readonly string[]): PlannedCounter {
  const byHash = new Map<number, number[]>();
  terms.forEach((term, index) => {
    const hash = hashOf(term);
    byHash.set(hash, [...(byHash.get(hash) ?? []), index]);
  });
  return (joined) => {
    const counts = new Uint16Array(terms.length);
    if (joined === '') return { counts, length: 0 };
    let length = 0;
    let start = 0;
    let hash = 0;
    for (let position = 0; position <= joined.length; position += 1) {
      const code = position === joined.length ? SPACE : joined.charCodeAt(position);
      if (code !== SPACE) {
        hash = (Math.imul(hash, 31) + code) | 0;
        continue;
      }
      length += 1;
      for (const index of byHash.get(hash) ?? []) {
        const term = terms[index] as string;
        if (term.length === position - start && joined.startsWith(term, start)) {
          counts[index] = (counts[index] as number) + 1;
        }
      }
      start = position + 1;
      hash = 0;
    }
    return { counts, length };
  };
}

function hashOf(term: string): number {
  let hash = 0;
  for (let position = 0; position < term.length; position += 1) {
    hash = (Math.imul(hash, 31) + term.charCodeAt(position)) | 0;
  }
  return hash;
}
