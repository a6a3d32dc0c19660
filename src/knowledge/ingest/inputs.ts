/** Parses one document, and leaves its chunks for the index run. */
export const INGEST_RUN = 'ingest';
/** Brings the index of one knowledge base up to what the ledger says; one at a time per knowledge base. */
export const INDEX_RUN = 'index';
/** Builds a new index generation beside the one in use, and switches. */
export const REBUILD_RUN = 'rebuild';

export interface IngestInput {
  knowledgeBaseId: string;
  documentId: string;
  /** SHA-256 of the request that asked for it, where that came with an idempotency key. */
  bodyHash?: string;
  /** The `traceparent` of that request, where it came with one. */
  traceParent?: string;
}

export interface IndexInput {
  knowledgeBaseId: string;
}

export interface RebuildInput extends IndexInput {
  /** Asked for by a person: without a newer generation, every document is read again for the present one. */
  isForced?: boolean;
}
