/** Search inside LanceDB, for tables too large to be held in memory: candidates from its indexes, scored in process. */
import type { Table } from '@lancedb/lancedb';
import type { Evidence } from '../../knowledge/search/fuse.ts';
import type { QueryPlan } from '../../knowledge/search/query-plan.ts';
import { createRanker } from '../../knowledge/search/rank.ts';
import { cosineSimilarity } from '../../knowledge/search/similarity.ts';
import type { TermStatistics } from '../../knowledge/search/statistics.ts';
import { CHUNK_COLUMNS, type ChunkRow, chunkOf, vectorOf } from './lancedb-schema.ts';
import { documentFilter } from './lancedb-table.ts';
import { loadLanceDb } from './load-lancedb.ts';
import { createPlannedCounter } from './planned-counts.ts';

const TEXT_CANDIDATES = 80;
const HEADING_CANDIDATES = 20;
const VECTOR_CANDIDATES = 50;

/** With these IVF_RQ keeps a recall of 0.99 at ten hits; the defaults keep 0.3 to 0.6. The factor multiplies the candidates. */
const PROBES = 20;
const REFINE_FACTOR = 4;

/** The rarest terms find the candidates; the scorer then looks at all of them. */
const MAX_QUERY_TERMS = 40;
/** A term in a larger share of the rows costs much to look up and tells little. */
const COMMON_SHARE = 0.25;
const MIN_COMMON_ROWS = 500;

export async function searchTable(
  table: Table,
  plan: QueryPlan,
  vector: readonly number[] | null,
  documentIds: readonly string[] | null,
  statistics: TermStatistics,
): Promise<Evidence[]> {
  const where = documentIds === null ? null : documentFilter(documentIds);
  const terms = candidateTerms(plan, statistics);
  // Vectors are long, and of no use to a question without one.
  const columns = vector === null ? CHUNK_COLUMNS : [...CHUNK_COLUMNS, 'vector'];
  const lists = await Promise.all([
    textCandidates(table, 'text_terms', terms, columns, TEXT_CANDIDATES, where),
    textCandidates(table, 'heading_terms', terms, columns, HEADING_CANDIDATES, where),
    vector === null ? [] : vectorCandidates(table, vector, where),
  ]);
  const rows = new Map(lists.flat().map((row) => [row.id, row]));
  const score = createRanker(plan, statistics);
  const count = createPlannedCounter(plan.terms.map(({ term }) => term));
  return [...rows.values()].map((row) => {
    const chunk = chunkOf(row);
    const text = count(row.text_terms);
    const headings = count(row.heading_terms);
    const candidate = { chunk, length: text.length, textCounts: text.counts, headingCounts: headings.counts };
    const own = vector === null ? null : vectorOf(row);
    const similarity = vector === null || own === null ? null : cosineSimilarity(vector, own);
    return { chunk, ...score(candidate), similarity };
  });
}

function candidateTerms(plan: QueryPlan, statistics: TermStatistics): string[] {
  const byRarity = plan.terms
    .map(({ term, weight }) => ({ term, weight, frequency: statistics.documentFrequency(term) }))
    .sort((a, b) => a.frequency / a.weight - b.frequency / b.weight);
  const common = Math.max(MIN_COMMON_ROWS, statistics.rows * COMMON_SHARE);
  const telling = byRarity.filter(({ frequency, weight }) => weight >= 0.4 && frequency <= common);
  return (telling.length > 0 ? telling : byRarity).slice(0, MAX_QUERY_TERMS).map(({ term }) => term);
}

async function textCandidates(
  table: Table,
  column: string,
  terms: readonly string[],
  columns: string[],
  limit: number,
  where: string | null,
): Promise<ChunkRow[]> {
  if (terms.length === 0) return [];
  const { MatchQuery } = await loadLanceDb();
  const query = table
    .query()
    .fullTextSearch(new MatchQuery(terms.join(' '), column))
    .select(columns)
    .limit(limit);
  return (where === null ? query : query.where(where)).toArray();
}

async function vectorCandidates(
  table: Table,
  vector: readonly number[],
  where: string | null,
): Promise<ChunkRow[]> {
  const query = table
    .query()
    .nearestTo([...vector])
    .distanceType('cosine')
    .nprobes(PROBES)
    .refineFactor(REFINE_FACTOR)
    .limit(VECTOR_CANDIDATES);
  // A filter has nothing to do with the clusters, so filtered vectors are compared one by one.
  return (where === null ? query : query.where(where).bypassVectorIndex()).toArray();
}
