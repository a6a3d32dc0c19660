/** An exact index of a small table, held in memory: no call leaves the process. */
import type { Chunk } from '../chunk/chunk.ts';
import type { AnalysedChunk } from './analysed-chunk.ts';
import type { Evidence } from './fuse.ts';
import type { QueryPlan } from './query-plan.ts';
import { BM25, type Candidate, createRanker } from './rank.ts';
import { cosineSimilarity } from './similarity.ts';
import { inverseDocumentFrequency, type TermStatistics } from './statistics.ts';

/** Chunks that are scored in full; the rest of the table can hardly reach the first ten. */
const MAX_CANDIDATES = 60;

interface Row {
  chunk: Chunk;
  vector: ArrayLike<number> | null;
  terms: string[];
  length: number;
}

/** Where a term stands: three numbers per row, which are slot, count in the text, count in the headings. */
interface Postings {
  entries: number[];
  aliveRows: number;
}

export class MemoryTable implements TermStatistics {
  readonly #rows: (Row | null)[] = [];
  readonly #slotsByDocument = new Map<string, number[]>();
  readonly #postings = new Map<string, Postings>();
  #aliveRows = 0;
  #totalLength = 0;

  get rows(): number {
    return this.#aliveRows;
  }

  /** Rows that were removed and still take up room. */
  get deadRows(): number {
    return this.#rows.length - this.#aliveRows;
  }

  get averageLength(): number {
    return this.#aliveRows === 0 ? 1 : this.#totalLength / this.#aliveRows;
  }

  documentFrequency(term: string): number {
    return this.#postings.get(term)?.aliveRows ?? 0;
  }

  add(analysed: AnalysedChunk): void {
    const slot = this.#rows.length;
    const counts = countTerms(analysed);
    for (const [term, { inText, inHeading }] of counts) {
      let postings = this.#postings.get(term);
      if (postings === undefined) {
        postings = { entries: [], aliveRows: 0 };
        this.#postings.set(term, postings);
      }
      postings.entries.push(slot, inText, inHeading);
      postings.aliveRows += 1;
    }
    const { chunk, vector, textTerms } = analysed;
    this.#rows.push({ chunk, vector, terms: [...counts.keys()], length: textTerms.length });
    const slots = this.#slotsByDocument.get(chunk.documentId);
    if (slots === undefined) this.#slotsByDocument.set(chunk.documentId, [slot]);
    else slots.push(slot);
    this.#aliveRows += 1;
    this.#totalLength += textTerms.length;
  }

  removeDocument(documentId: string): void {
    for (const slot of this.#slotsByDocument.get(documentId) ?? []) {
      const row = this.#rows[slot] as Row;
      for (const term of row.terms) (this.#postings.get(term) as Postings).aliveRows -= 1;
      this.#rows[slot] = null;
      this.#aliveRows -= 1;
      this.#totalLength -= row.length;
    }
    this.#slotsByDocument.delete(documentId);
  }

  /** Chunks per document. */
  inventory(): Map<string, number> {
    return new Map([...this.#slotsByDocument].map(([documentId, slots]) => [documentId, slots.length]));
  }

  search(
    plan: QueryPlan,
    vector: readonly number[] | null,
    documentIds: readonly string[] | null,
  ): Evidence[] {
    const allowed = this.#allowedSlots(documentIds);
    const slots = new Set(this.#lexicalSlots(plan, allowed));
    if (vector !== null) for (const slot of this.#nearestSlots(vector, allowed)) slots.add(slot);
    const score = createRanker(plan, this);
    return this.#candidates(plan, [...slots]).map(({ row, candidate }) => ({
      chunk: row.chunk,
      ...score(candidate),
      similarity: vector === null || row.vector === null ? null : cosineSimilarity(vector, row.vector),
    }));
  }

  #allowedSlots(documentIds: readonly string[] | null): ReadonlySet<number> | null {
    if (documentIds === null) return null;
    return new Set(documentIds.flatMap((documentId) => this.#slotsByDocument.get(documentId) ?? []));
  }

  #lexicalSlots(plan: QueryPlan, allowed: ReadonlySet<number> | null): number[] {
    const scores = new Float64Array(this.#rows.length);
    for (const { term, weight } of plan.terms) {
      const entries = this.#postings.get(term)?.entries;
      if (entries === undefined) continue;
      const rarity = weight * inverseDocumentFrequency(this, term);
      for (let index = 0; index < entries.length; index += 3) {
        const slot = entries[index] as number;
        const row = this.#rows[slot];
        if (row === null || row === undefined || (allowed !== null && !allowed.has(slot))) continue;
        const frequency = (entries[index + 1] as number) + (entries[index + 2] as number);
        const norm = BM25.k1 * (1 - BM25.b + (BM25.b * row.length) / this.averageLength);
        scores[slot] = (scores[slot] as number) + (rarity * frequency) / (frequency + norm);
      }
    }
    return largest(scores, MAX_CANDIDATES);
  }

  #nearestSlots(vector: readonly number[], allowed: ReadonlySet<number> | null): number[] {
    const similarities = new Float64Array(this.#rows.length);
    this.#rows.forEach((row, slot) => {
      if (row?.vector == null || (allowed !== null && !allowed.has(slot))) return;
      similarities[slot] = cosineSimilarity(vector, row.vector);
    });
    return largest(similarities, MAX_CANDIDATES);
  }

  #candidates(plan: QueryPlan, slots: readonly number[]): { row: Row; candidate: Candidate }[] {
    const positions = new Int32Array(this.#rows.length).fill(-1);
    const candidates = slots.map((slot, position) => {
      positions[slot] = position;
      const row = this.#rows[slot] as Row;
      const textCounts = new Uint16Array(plan.terms.length);
      const headingCounts = new Uint16Array(plan.terms.length);
      return { row, candidate: { chunk: row.chunk, length: row.length, textCounts, headingCounts } };
    });
    plan.terms.forEach(({ term }, termIndex) => {
      const entries = this.#postings.get(term)?.entries ?? [];
      for (let index = 0; index < entries.length; index += 3) {
        const position = positions[entries[index] as number] as number;
        if (position < 0) continue;
        const { candidate } = candidates[position] as (typeof candidates)[number];
        candidate.textCounts[termIndex] = entries[index + 1] as number;
        candidate.headingCounts[termIndex] = entries[index + 2] as number;
      }
    });
    return candidates;
  }
}

function countTerms({
  textTerms,
  headingTerms,
}: AnalysedChunk): Map<string, { inText: number; inHeading: number }> {
  const counts = new Map<string, { inText: number; inHeading: number }>();
  const entryOf = (term: string) => {
    let entry = counts.get(term);
    if (entry === undefined) {
      entry = { inText: 0, inHeading: 0 };
      counts.set(term, entry);
    }
    return entry;
  };
  for (const term of textTerms) entryOf(term).inText += 1;
  for (const term of headingTerms) entryOf(term).inHeading += 1;
  return counts;
}

/** Indexes of the largest positive values, largest first; equal values in index order. */
function largest(values: Float64Array, limit: number): number[] {
  const positive: number[] = [];
  values.forEach((value, index) => {
    if (value > 0) positive.push(index);
  });
  return positive.sort((a, b) => (values[b] as number) - (values[a] as number) || a - b).slice(0, limit);
}
