/** Term statistics of a large table, estimated from rows spread evenly over it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Table } from '@lancedb/lancedb';
import type { TermStatistics } from '../../knowledge/search/statistics.ts';
import { termsOf } from './lancedb-schema.ts';

const SAMPLE_ROWS = 1_000;
const ROWS_PER_TURN = 25;

export async function sampleStatistics(table: Table, rows: number): Promise<TermStatistics> {
  const sampled = Math.min(rows, SAMPLE_ROWS);
  const offsets = Array.from({ length: sampled }, (_, index) => Math.floor((index * rows) / sampled));
  const sample = await table.takeOffsets(offsets).select(['text_terms', 'heading_terms']).toArray();
  const frequencies = new Map<string, { rows: number; lastRow: number }>();
  let totalLength = 0;
  for (const [rowNumber, row] of sample.entries()) {
    if (rowNumber % ROWS_PER_TURN === ROWS_PER_TURN - 1) await nextTurn();
    const text = termsOf(row.text_terms);
    totalLength += text.length;
    for (const terms of [text, termsOf(row.heading_terms)]) {
      for (const term of terms) {
        const entry = frequencies.get(term);
        if (entry === undefined) frequencies.set(term, { rows: 1, lastRow: rowNumber });
        else if (entry.lastRow !== rowNumber) {
          entry.rows += 1;
          entry.lastRow = rowNumber;
        }
      }
    }
  }
  const scale = rows / Math.max(1, sample.length);
  return {
    rows,
    averageLength: totalLength / Math.max(1, sample.length),
    documentFrequency: (term) => Math.round((frequencies.get(term)?.rows ?? 0) * scale),
  };
}
