import type { BlobStore, Embedder } from '../../knowledge/ports.ts';
import type { Retriever } from '../../knowledge/retrieve/retrieve.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { RunAnnouncer } from '../dependencies.ts';

/** What the knowledge routes need from the rest of the program. */
export interface KnowledgeDependencies {
  ledger: Ledger;
  runs: RunAnnouncer;
  /** Uploaded bytes. */
  blobs: BlobStore;
  /** What was derived from them: text, chunks, vectors. */
  derived: BlobStore;
  retriever: Retriever;
  embedder: Embedder | null;
  maxUploadBytes: number;
}
