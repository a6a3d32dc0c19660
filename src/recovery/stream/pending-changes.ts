import type { LogChanges, NamedDocument } from './ports.ts';

/** What these pages name outside of the ledger. */
export interface NamedContents {
  documents: readonly NamedDocument[];
  /** Hashes that are no document's: what was derived from one, or something else altogether. */
  others: readonly string[];
}

const HASH_CHARACTERS = 64;
const RUNS = /[0-9a-f]{64,}/g;
/** A hash beside other hexadecimal digits begins at any of them; far inside a long run there is none. */
const MOST_OFFSETS = 16;

/** Changes that are not stored yet. What a later change has written over is forgotten. */
export class PendingChanges {
  readonly pages = new Map<number, Buffer>();
  readonly documents = new Map<string, NamedDocument>();
  readonly others = new Set<string>();
  databasePages = 0;
  since = 0;
  until = 0;

  add({ pages, databasePages, since, until }: LogChanges, named: NamedContents): void {
    for (const [page, content] of pages) this.pages.set(page, content);
    for (const document of named.documents) this.documents.set(document.id, document);
    for (const other of named.others) this.others.add(other);
    Object.assign(this, { databasePages, since, until: Math.max(until, this.until) });
  }

  /** What came before these, and could not be stored. */
  addBefore(earlier: PendingChanges): void {
    for (const [page, content] of earlier.pages) if (!this.pages.has(page)) this.pages.set(page, content);
    for (const [id, document] of earlier.documents)
      if (!this.documents.has(id)) this.documents.set(id, document);
    for (const other of earlier.others) this.others.add(other);
    if (this.since > 0) return;
    const { databasePages, since, until } = earlier;
    Object.assign(this, { databasePages, since, until });
  }

  bytes(pageBytes: number): number {
    return this.pages.size * pageBytes;
  }
}

/**
 * Everything in these pages that may be a hash. Whoever names a document changes a page of the index of such names, where
 * each stands in one piece, so that none is missed; what is none is sorted out later.
 */
export function hashesIn(pages: Iterable<Buffer>): string[] {
  const found = new Set<string>();
  for (const page of pages) {
    for (const [run] of page.toString('latin1').matchAll(RUNS)) {
      const last = run.length - HASH_CHARACTERS;
      for (let at = 0; at <= Math.min(last, MOST_OFFSETS); at++)
        found.add(run.slice(at, at + HASH_CHARACTERS));
      for (let at = Math.max(0, last - MOST_OFFSETS); at <= last; at++)
        found.add(run.slice(at, at + HASH_CHARACTERS));
    }
  }
  return [...found];
}
