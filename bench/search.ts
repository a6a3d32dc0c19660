/**
 * npx node bench/search.ts [--chunks N] [--dimension D] [--json]
 *
 * Search latency over a large synthetic table and over a small one, next to a plain scan of the same texts in the
 * same run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ChunkIndex, IndexedChunk, IndexGeneration, SearchRequest } from '../src/knowledge/ports.ts';
import { openLanceDbIndex } from '../src/stores/index/lancedb-index.ts';

const CHUNKS_PER_DOCUMENT = 50;
const DOCUMENTS_PER_COMMIT = 200;
const QUERIES = 200;
const WARM_UP_QUERIES = 20;
const SMALL_CHUNKS = 150;

const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '100000' },
    dimension: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const dimension = Number(values.dimension) === 0 ? null : Number(values.dimension);

interface Measured {
  chunks: number;
  indexMs: number;
  optimizeMs: number;
  firstMs: number;
  p50Ms: number;
  p95Ms: number;
  scanP50Ms: number;
}

const random = randomFrom(7);
const words = vocabulary(6_000);

const directory = await mkdtemp(path.join(tmpdir(), 'budao-search-'));
try {
  const results: Measured[] = [];
  for (const chunks of [SMALL_CHUNKS, Number(values.chunks)]) {
    await using index = await openLanceDbIndex({ directory });
    results.push(await measure(index, `kb${chunks}`, chunks));
  }
  if (values.json) console.log(JSON.stringify(results, null, 2));
  else console.table(results);
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function measure(index: ChunkIndex, knowledgeBaseId: string, chunks: number): Promise<Measured> {
  const generation = { id: 'bench', dimension };
  const texts: string[] = [];
  const startedAt = performance.now();
  for (let document = 0; document * CHUNKS_PER_DOCUMENT < chunks; document += DOCUMENTS_PER_COMMIT) {
    const documents = [];
    for (let offset = 0; offset < DOCUMENTS_PER_COMMIT; offset += 1) {
      const first = (document + offset) * CHUNKS_PER_DOCUMENT;
      if (first >= chunks) break;
      const made = chunksOf(`d${document + offset}`, Math.min(CHUNKS_PER_DOCUMENT, chunks - first));
      for (const { text } of made) texts.push(text);
      documents.push({ documentId: `d${document + offset}`, chunks: made });
    }
    await index.replaceDocuments(knowledgeBaseId, generation, documents);
  }
  const indexedAt = performance.now();
  await index.optimize(knowledgeBaseId, generation);
  const optimizedAt = performance.now();
  await search(index, knowledgeBaseId, generation);
  const firstMs = performance.now() - optimizedAt;
  const times = await timesOf(() => search(index, knowledgeBaseId, generation));
  const scans = await timesOf(async () => scan(texts, query()), QUERIES / 10);
  return {
    chunks,
    indexMs: Math.round(indexedAt - startedAt),
    optimizeMs: Math.round(optimizedAt - indexedAt),
    firstMs: round(firstMs),
    p50Ms: round(percentile(times, 0.5)),
    p95Ms: round(percentile(times, 0.95)),
    scanP50Ms: round(percentile(scans, 0.5)),
  };
}

async function search(
  index: ChunkIndex,
  knowledgeBaseId: string,
  generation: IndexGeneration,
): Promise<void> {
  const vector = dimension === null ? null : Array.from({ length: dimension }, () => random() - 0.5);
  const request: SearchRequest = { query: query(), vector, limit: 10, documentIds: null };
  const hits = await index.search(knowledgeBaseId, generation, request);
  if (hits.length === 0) throw new Error('A search found nothing.');
}

async function timesOf(work: () => Promise<unknown>, count = QUERIES): Promise<number[]> {
  const times: number[] = [];
  for (let turn = -WARM_UP_QUERIES; turn < count; turn += 1) {
    const startedAt = performance.now();
    await work();
    if (turn >= 0) times.push(performance.now() - startedAt);
  }
  return times;
}

/** The reference: how many texts hold each pair of the query, by looking through all of them. */
function scan(texts: readonly string[], question: string): number {
  const pairs = Array.from({ length: question.length - 1 }, (_, index) => question.slice(index, index + 2));
  let best = 0;
  for (const text of texts) best = Math.max(best, pairs.filter((pair) => text.includes(pair)).length);
  return best;
}

function chunksOf(documentId: string, count: number): IndexedChunk[] {
  return Array.from({ length: count }, (_, ordinal) => {
    const text = `${Array.from({ length: 110 }, word).join('')}。`;
    return {
      id: `${documentId}#${ordinal}`,
      documentId,
      ordinal,
      text,
      headingPath: [`${word()}${word()}制度`, `第${(ordinal % 9) + 1}章 ${word()}`],
      page: null,
      article: null,
      start: 0,
      end: text.length,
      tokens: text.length,
      vector: dimension === null ? null : Array.from({ length: dimension }, () => random() - 0.5),
    };
  });
}

/** Six words that stand in many chunks or few, as a question does. */
function query(): string {
  return `${word()}${word()}的${word()}${word()}应当${word()}多少天${word()}？`;
}

/** Common words are much more frequent than rare ones, as in real text. */
function word(): string {
  return words[Math.floor(words.length * random() ** 3)] as string;
}

function vocabulary(size: number): string[] {
  const characters = Array.from({ length: 1_500 }, (_, index) => String.fromCodePoint(0x4e00 + index * 13));
  const pick = () => characters[Math.floor(characters.length * random() ** 2)] as string;
  return Array.from({ length: size }, () => pick() + pick());
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
