/** How common terms are in a table; exact in memory, estimated from a sample for a large table. */
export interface TermStatistics {
  rows: number;
  averageLength: number;
  /** Rows that hold the term in their text or headings. */
  documentFrequency(term: string): number;
}

export function inverseDocumentFrequency(statistics: TermStatistics, term: string): number {
  const frequency = Math.min(statistics.documentFrequency(term), statistics.rows);
  return Math.log(1 + (statistics.rows - frequency + 0.5) / (frequency + 0.5));
}
