import type { Row } from '../tables/row-pieces.ts';

/** One document's bytes, as the rows of a picture name them. */
export interface NeededBlob {
  sha256: string;
  bytes: number;
  /** Of one that is not deleted, for messages. */
  filename: string | null;
  documentIds: string[];
}

/** Collects from the rows of a picture what they refer to outside of the ledger, and how much there is. */
export class NeededBlobs {
  readonly blobs = new Map<string, NeededBlob>();
  readonly derived = new Set<string>();
  readonly counts = { workspaces: 0, documents: 0, conversations: 0, runs: 0 };
  /** Documents whose bytes the ledger has said to be missing or damaged. */
  readonly #given = new Set<string>();

  note(table: string, row: Row): void {
    if (table === 'workspace') this.counts.workspaces += 1;
    else if (table === 'conversation') this.counts.conversations += 1;
    else if (table === 'run') this.counts.runs += 1;
    else if (table === 'document') this.#noteDocument(row);
    else if (table === 'knowledge_base_document') this.#noteMembership(row);
  }

  /** Whether people were told that this cannot be read. */
  isGivenUp({ documentIds }: NeededBlob): boolean {
    return documentIds.some((id) => this.#given.has(id));
  }

  #noteDocument(row: Row): void {
    this.counts.documents += 1;
    const sha256 = String(row.sha256);
    const blob = this.blobs.get(sha256) ?? {
      sha256,
      bytes: Number(row.bytes),
      filename: null,
      documentIds: [],
    };
    if (row.deleted_at === null) blob.filename ??= String(row.filename);
    blob.documentIds.push(String(row.id));
    this.blobs.set(sha256, blob);
  }

  #noteMembership(row: Row): void {
    if (typeof row.summary === 'string') {
      const { artifact } = JSON.parse(row.summary) as { artifact?: string };
      if (artifact !== undefined) this.derived.add(artifact);
    }
    if (typeof row.failure !== 'string') return;
    const { code } = JSON.parse(row.failure) as { code?: string };
    if (code === 'blob_missing' || code === 'blob_corrupt') this.#given.add(String(row.document_id));
  }
}
