/** Term statistics of a large table, estimated from rows spread evenly over it. */
import type { Table } from '@lancedb/lancedb';
import type { TermStatistics } from '../../knowledge/search/statistics.ts';
import { termsOf } from './lancedb-schema.ts';

const SAMPLE_ROWS = 2_000;

export async function sampleStatistics(table: Table, rows: number): Promise<TermStatistics> {
  const sampled = Math.min(rows, SAMPLE_ROWS);
  const offsets = Array.from({ length: sampled }, (_, index) => Math.floor((index * rows) / sampled));
  const sample = await table.takeOffsets(offsets).select(['text_terms', 'heading_terms']).toArray();
  const frequencies = new Map<string, number>();
  let totalLength = 0;
  for (const row of sample) {
    const text = termsOf(row.text_terms);
    totalLength += text.length;
    for (const term of new Set([...text, ...termsOf(row.heading_terms)])) {
      frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
    }
  }
  const scale = rows / Math.max(1, sample.length);
  return {
    rows,
    averageLength: totalLength / Math.max(1, sample.length),
    documentFrequency: (term) => Math.round((frequencies.get(term) ?? 0) * scale),
  };
}
