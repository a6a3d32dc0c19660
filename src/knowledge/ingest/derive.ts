import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DocumentWarning } from '../../contract/document-warnings.ts';
import { BudaoError } from '../../contract/errors.ts';
import type { Chunk } from '../chunk/chunk.ts';
import { eachChunk } from '../chunk/chunk-document.ts';
import type { ExtractedDocument } from '../extract/extracted-document.ts';
import { fullText } from '../extract/full-text.ts';
import type { IngestPhase, Membership } from '../library/memberships.ts';
import type { BlobStore, Embedder, LocalBlobs } from '../ports.ts';
import { type Artifact, encodeVector, saveArtifact } from './artifact.ts';

/** The parser process, as ingest needs it. */
export interface Extractor {
  extract(job: {
    path: string;
    filename: string;
    /** What the bytes must be. @throws BudaoError blob_corrupt */
    sha256: string;
    signal?: AbortSignal;
  }): Promise<ExtractedDocument>;
}

export interface DeriveDependencies {
  extractor: Extractor;
  blobs: BlobStore & LocalBlobs;
  derived: BlobStore;
  embedder: Embedder | null;
  /** Chunks that one document may make. */
  maxChunks: number;
}

export interface DeriveOptions {
  /** Vector length of the generation that this is for, or null for a lexical one. */
  dimension: number | null;
  signal: AbortSignal;
  onProgress: (phase: IngestPhase, fraction: number) => Promise<void>;
}

export interface Derived {
  artifact: string;
  format: string;
  title: string | null;
  pages: number | null;
  warnings: (DocumentWarning | string)[];
  chunks: number;
}

/** Shares of the whole that the phases take, by experience. */
const PHASE_START: Record<IngestPhase, number> = {
  queued: 0,
  extracting: 0.05,
  chunking: 0.45,
  embedding: 0.5,
  indexing: 0.9,
  ready: 1,
};

/** From stored bytes to an artifact: extract, chunk, embed. The same document always gives the same artifact. */
export async function deriveArtifact(
  dependencies: DeriveDependencies,
  membership: Membership,
  options: DeriveOptions,
): Promise<Derived> {
  const { signal, onProgress } = options;
  if (!(await dependencies.blobs.has(membership.sha256))) throw blobMissing(membership.filename);
  await onProgress('extracting', PHASE_START.extracting);
  const document = await extractOriginal(dependencies, membership, signal);
  signal.throwIfAborted();
  await onProgress('chunking', PHASE_START.chunking);
  const chunks = await titledChunks(membership, document, dependencies.maxChunks);
  signal.throwIfAborted();
  const vectors = await embedChunks(dependencies.embedder, chunks, options);
  const artifact: Artifact = {
    format: document.format,
    title: document.title,
    pages: document.pages,
    warnings: document.warnings,
    text: fullText(document),
    chunks,
    vectors,
  };
  const saved = await saveArtifact(dependencies.derived, artifact);
  const { format, title, pages, warnings } = artifact;
  return { artifact: saved, format, title, pages, warnings, chunks: chunks.length };
}

/** The same for a new generation from what was derived for an older one, where the original can no longer be read. */
export async function rederiveArtifact(
  dependencies: DeriveDependencies,
  earlier: Artifact,
  options: DeriveOptions,
): Promise<Derived> {
  const vectors = await embedChunks(dependencies.embedder, earlier.chunks, options);
  const artifact: Artifact = { ...earlier, vectors };
  const saved = await saveArtifact(dependencies.derived, artifact);
  const { format, title, pages, warnings, chunks } = artifact;
  return { artifact: saved, format, title, pages, warnings, chunks: chunks.length };
}

async function extractOriginal(
  { extractor, blobs }: DeriveDependencies,
  { filename, sha256 }: Membership,
  signal: AbortSignal,
): Promise<ExtractedDocument> {
  try {
    await using copy = await blobs.localCopy(sha256);
    return await extractor.extract({ path: copy.path, filename, sha256, signal });
  } catch (error) {
    // Looking at it marks it, so that every document with this content says so.
    if (error instanceof BudaoError && error.code === 'blob_corrupt') await blobs.verify(sha256);
    throw error;
  }
}

/** Answers are written by the same process: their tokens do not wait longer than this for a document to be cut. */
const TURN_MS = 10;

/** A document without a title of its own goes by its file name, so that every chunk says where it is from. */
async function titledChunks(
  { documentId, filename, chunking }: Membership,
  document: ExtractedDocument,
  maxChunks: number,
): Promise<Chunk[]> {
  const title = document.title ?? filename.replace(/\.[^.]+$/, '');
  const chunks: Chunk[] = [];
  let turnEndsMs = performance.now() + TURN_MS;
  for (const chunk of eachChunk(documentId, { ...document, title }, chunking, maxChunks)) {
    chunks.push(chunk);
    if (performance.now() < turnEndsMs) continue;
    await nextTurn();
    turnEndsMs = performance.now() + TURN_MS;
  }
  return chunks;
}

const CHUNKS_PER_EMBEDDING = 64;

async function embedChunks(
  embedder: Embedder | null,
  chunks: readonly Chunk[],
  { dimension, signal, onProgress }: DeriveOptions,
): Promise<string[] | null> {
  if (embedder === null) return null;
  const share = PHASE_START.indexing - PHASE_START.embedding;
  const vectors: string[] = [];
  for (let start = 0; start < chunks.length; start += CHUNKS_PER_EMBEDDING) {
    await onProgress('embedding', PHASE_START.embedding + (start / chunks.length) * share);
    const texts = chunks
      .slice(start, start + CHUNKS_PER_EMBEDDING)
      .map((chunk) => [...chunk.headingPath, chunk.text].join('\n'));
    const embedded = await embedder.embed(texts, { purpose: 'passage', signal });
    for (const vector of embedded) {
      if (vector.length !== dimension) throw dimensionChanged(embedder.id, vector.length, dimension);
      vectors.push(encodeVector(vector));
    }
  }
  return vectors;
}

/** Caught here, one document fails; in the index it would stop all documents of the knowledge base. */
function dimensionChanged(embedder: string, found: number, expected: number | null): BudaoError {
  return new BudaoError(
    'invalid',
    'dimension_mismatch',
    `The embedding model ${embedder} now gives vectors of length ${found}, and this knowledge base was built with ${expected ?? 'none'}. Rebuild the knowledge base.`,
  );
}

function blobMissing(filename: string): BudaoError {
  return new BudaoError(
    'invalid',
    'blob_missing',
    `The content of ${filename} is missing from the data folder. Restore it from a backup, or upload the file again.`,
  );
}
