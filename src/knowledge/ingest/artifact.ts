import { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import type { DocumentWarning } from '../../contract/document-warnings.ts';
import { BudaoError } from '../../contract/errors.ts';
import type { Chunk } from '../chunk/chunk.ts';
import type { ExtractedDocument } from '../extract/extracted-document.ts';
import type { BlobStore, IndexedChunk } from '../ports.ts';

const MAX_ARTIFACT_BYTES = 2 * 1024 * 1024 * 1024;

/** Everything that was derived from one document for one generation, kept so that an index can be built again without parsing. */
export interface Artifact {
  format: ExtractedDocument['format'];
  title: string | null;
  pages: number | null;
  warnings: (DocumentWarning | string)[];
  /** What chunk offsets refer to. */
  text: string;
  chunks: Chunk[];
  /** One per chunk as base64 of little-endian float32, or null in a lexical generation. */
  vectors: string[] | null;
}

/** @returns the hash under which it can be read again; the same artifact has the same hash. */
export async function saveArtifact(derived: BlobStore, artifact: Artifact): Promise<string> {
  const packed = await promisify(gzip)(JSON.stringify(artifact), { level: 3 });
  const { sha256 } = await derived.put(Readable.from([packed]), { maxBytes: MAX_ARTIFACT_BYTES });
  return sha256;
}

/** @throws BudaoError blob_missing, blob_corrupt when it has to be derived again */
export async function loadArtifact(derived: BlobStore, sha256: string): Promise<Artifact> {
  const packed = await derived.open(sha256);
  return JSON.parse(await pipeline(packed, createGunzip(), readText)) as Artifact;
}

/** Missing, cut short or damaged: all the same for something that can be derived again. */
export function isUnreadable(error: unknown): boolean {
  if (error instanceof BudaoError) return error.code === 'blob_missing' || error.code === 'blob_corrupt';
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return error instanceof SyntaxError || code.startsWith('Z_');
}

export function encodeVector(vector: readonly number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString('base64');
}

function decodeVector(encoded: string): number[] {
  const bytes = Buffer.from(encoded, 'base64');
  return [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)];
}

/** Chunks with their vectors, as the index takes them. */
export function indexedChunks(artifact: Artifact): IndexedChunk[] {
  return artifact.chunks.map((chunk, position) => {
    const vector = artifact.vectors?.[position];
    return { ...chunk, vector: vector === undefined ? null : decodeVector(vector) };
  });
}
