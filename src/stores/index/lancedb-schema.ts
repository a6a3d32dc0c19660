/** The columns of an index table, and the way between a row and a chunk. */
import { createRequire } from 'node:module';
import type { Field as ArrowField, Schema as ArrowSchema } from 'apache-arrow';
import type { Chunk } from '../../knowledge/chunk/chunk.ts';
import type { IndexedChunk } from '../../knowledge/ports.ts';
import { type AnalysedChunk, analyseChunk } from '../../knowledge/search/analysed-chunk.ts';

/** Part of the table's name: a table of another layout is another table, and is rebuilt from the documents. */
export const LAYOUT_VERSION = 1;

export interface ChunkRow {
  [column: string]: unknown;
  id: string;
  document_id: string;
  /** Changes with every replacement of the document, so that a reader sees which documents it must read again. */
  revision: string;
  ordinal: number;
  text: string;
  heading_path: string[];
  page: number | null;
  article: string | null;
  start: number;
  end: number;
  tokens: number;
  text_terms: string;
  heading_terms: string;
  /** An Arrow vector when it comes from LanceDB. */
  vector?: ArrayLike<number> & Iterable<number> & { toArray?(): Float32Array };
}

/** What a chunk and its terms are made of; the vector is read only where it is needed. */
export const CHUNK_COLUMNS = [
  'id',
  'document_id',
  'ordinal',
  'text',
  'heading_path',
  'page',
  'article',
  'start',
  'end',
  'tokens',
  'text_terms',
  'heading_terms',
];

/** The very module that LanceDB has loaded: as an ES module it would be loaded a second time, with every process. */
const requireArrow = (): typeof import('apache-arrow') =>
  createRequire(import.meta.url)('apache-arrow') as typeof import('apache-arrow');

/** Explicit, since LanceDB would take every number for a Float64. */
export function chunkSchema(dimension: number | null): ArrowSchema {
  const { Field, FixedSizeList, Float32, Int32, List, Schema, Utf8 } = requireArrow();
  const fields: ArrowField[] = [
    new Field('id', new Utf8(), false),
    new Field('document_id', new Utf8(), false),
    new Field('revision', new Utf8(), false),
    new Field('ordinal', new Int32(), false),
    new Field('text', new Utf8(), false),
    new Field('heading_path', new List(new Field('item', new Utf8(), true)), false),
    new Field('page', new Int32(), true),
    new Field('article', new Utf8(), true),
    new Field('start', new Int32(), false),
    new Field('end', new Int32(), false),
    new Field('tokens', new Int32(), false),
    new Field('text_terms', new Utf8(), false),
    new Field('heading_terms', new Utf8(), false),
  ];
  if (dimension !== null) {
    fields.push(
      new Field('vector', new FixedSizeList(dimension, new Field('item', new Float32(), true)), false),
    );
  }
  return new Schema(fields);
}

export function rowOf(indexed: IndexedChunk, revision: string): ChunkRow {
  const { chunk, vector, textTerms, headingTerms } = analyseChunk(indexed);
  return {
    id: chunk.id,
    document_id: chunk.documentId,
    revision,
    ordinal: chunk.ordinal,
    text: chunk.text,
    heading_path: chunk.headingPath,
    page: chunk.page,
    article: chunk.article,
    start: chunk.start,
    end: chunk.end,
    tokens: chunk.tokens,
    text_terms: textTerms.join(' '),
    heading_terms: headingTerms.join(' '),
    ...(vector === null ? {} : { vector: Array.from(vector) }),
  };
}

export function chunkOf(row: ChunkRow): Chunk {
  return {
    id: row.id,
    documentId: row.document_id,
    ordinal: row.ordinal,
    text: row.text,
    headingPath: [...row.heading_path],
    page: row.page ?? null,
    article: row.article ?? null,
    start: row.start,
    end: row.end,
    tokens: row.tokens,
  };
}

export function analysedChunkOf(row: ChunkRow): AnalysedChunk {
  return {
    chunk: chunkOf(row),
    vector: vectorOf(row),
    textTerms: termsOf(row.text_terms),
    headingTerms: termsOf(row.heading_terms),
  };
}

/** Element by element an Arrow vector is fifty times slower to read. */
export function vectorOf({ vector }: ChunkRow): Float32Array | null {
  return vector == null ? null : (vector.toArray?.() ?? Float32Array.from(vector));
}

export function termsOf(joined: string): string[] {
  return joined === '' ? [] : joined.split(' ');
}
