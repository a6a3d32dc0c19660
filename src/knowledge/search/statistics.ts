/** How common terms are in a table; exact in memory, estimated from a sample for a large table. */
export interface TermStatistics {
  rows: number;
  averageLength: number;
  /** Rows that hold the term in their text or headings. */
  documentFrequency(term: string): number;
}

/**
 * What a term is taken for before the table has said much: rows of imagined other text, and the share of them that
 * hold it. Keeps small tables from calling their own topic words common, and unknown words all-important.
 */
const PRIOR_ROWS = 100;
const PRIOR_SHARE = 0.01;

export function inverseDocumentFrequency(statistics: TermStatistics, term: string): number {
  const rows = statistics.rows + PRIOR_ROWS;
  const frequency = Math.min(statistics.documentFrequency(term), statistics.rows) + PRIOR_ROWS * PRIOR_SHARE;
  return Math.log(1 + (rows - frequency + 0.5) / (frequency + 0.5));
}
