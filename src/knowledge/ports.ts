import type { Readable } from 'node:stream';
import type { Chunk } from './chunk/chunk.ts';

/** Content-addressed bytes. `put` is durable when it resolves. */
export interface BlobStore {
  /** Stores the stream; the same content twice is one blob. @throws BudaoError too_large, storage_full */
  put(content: Readable, options: { maxBytes: number }): Promise<{ sha256: string; bytes: number }>;
  /**
   * Its bytes, compared with their hash: a small blob before the first of them is given out, a large one before the
   * last, so that whoever reads to the end has what was stored.
   *
   * @throws BudaoError blob_missing, blob_corrupt; a large blob's stream fails with the latter
   */
  open(sha256: string): Promise<Readable>;
  has(sha256: string): Promise<boolean>;
  /** Reads the whole blob again and compares its hash. */
  verify(sha256: string): Promise<'ok' | 'missing' | 'corrupt'>;
  /** Hashes of the blobs that were last seen damaged. Putting the same content again takes one off. */
  damaged(): Promise<ReadonlySet<string>>;
  /**
   * Removes the blob; with `idleMs` not one that was put within that time: somebody may be about to name it.
   * @returns whether it was removed
   */
  delete(sha256: string, options?: { idleMs: number }): Promise<boolean>;
  /** Hashes of all blobs, in no order; with `idleMs` only those that were not put within that time. */
  list(options?: { idleMs: number }): AsyncIterable<string>;
  /** Removes what killed writers left behind. @returns how many */
  sweep(now: number): Promise<number>;
}

/** A file of this machine; it stays until it is let go. */
export interface LocalCopy extends AsyncDisposable {
  readonly path: string;
}

/** A blob's bytes as a file, for a parser in another process, which compares them with their hash. */
export interface LocalBlobs {
  /** @throws BudaoError blob_missing, where it can be told without the parser */
  localCopy(sha256: string): Promise<LocalCopy>;
}

/** A chunk as the index keeps it. */
export interface IndexedChunk extends Chunk {
  /** Vector of the generation's embedder, or null in a lexical generation. */
  vector: number[] | null;
}

/** Normaliser, chunker and embedder together; vectors of different generations never meet. */
export interface IndexGeneration {
  id: string;
  /** Vector length, or null for a lexical generation. */
  dimension: number | null;
}

export interface SearchRequest {
  /** As the person typed it; normalised inside. */
  query: string;
  /** Embedded query, or null for lexical search alone. */
  vector: number[] | null;
  limit: number;
  /** Only these documents; null for all of the knowledge base. */
  documentIds: readonly string[] | null;
}

export interface SearchHit {
  chunk: Chunk;
  /** Higher is better, 0 to 1, comparable within one search. */
  score: number;
  /** Share of the question's content, weighted by rarity, found in the chunk or its headings: 0 to 1. */
  coverage?: number;
  /** Lexical evidence alone, 0 to 1. */
  lexical?: number;
  /** Cosine with the query's vector; null where there is none. */
  similarity?: number | null;
}

/** The derived search index: one table per knowledge base and generation. */
export interface ChunkIndex extends AsyncDisposable {
  /** Replaces everything that the index holds of these documents, in one visible step, synced when it resolves. */
  replaceDocuments(
    knowledgeBaseId: string,
    generation: IndexGeneration,
    documents: readonly { documentId: string; chunks: readonly IndexedChunk[] }[],
  ): Promise<void>;
  removeDocuments(
    knowledgeBaseId: string,
    generation: IndexGeneration,
    documentIds: readonly string[],
  ): Promise<void>;
  search(knowledgeBaseId: string, generation: IndexGeneration, request: SearchRequest): Promise<SearchHit[]>;
  /** Chunks per document, for doctor. */
  inventory(knowledgeBaseId: string, generation: IndexGeneration): Promise<Map<string, number>>;
  /** Merges small pieces so that queries stay fast; called by one leased run at a time. */
  optimize(knowledgeBaseId: string, generation: IndexGeneration): Promise<void>;
  drop(knowledgeBaseId: string, generation: IndexGeneration): Promise<void>;
}

/** Turns text into vectors of length 1. Errors are BudaoError with codes `embedder_*` or `model_*`. */
export interface Embedder {
  /** Same id, same vectors: part of the index generation. */
  readonly id: string;
  /** Vector length, or null until the first call has shown it. */
  readonly dimension: number | null;
  /** One vector per text, in the order of the texts. */
  embed(
    texts: readonly string[],
    options: { purpose: 'query' | 'passage'; signal?: AbortSignal },
  ): Promise<number[][]>;
}
