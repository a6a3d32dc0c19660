/** Everything that was committed since the last look, as pages; of a page that changed more than once the newest. */
export interface LogChanges {
  pages: ReadonlyMap<number, Buffer>;
  /** The size of the whole database after them. */
  databasePages: number;
  /** Milliseconds since the epoch: everything acknowledged before is in them, and nothing that came after `until`. */
  since: number;
  until: number;
}

/** What a document is stored as. */
export interface NamedDocument {
  sha256: string;
  bytes: number;
  /** Null for one that is deleted. */
  filename: string | null;
  id: string;
}

/** The whole ledger at one moment; its log grows as long as it is kept open. */
export interface LogPicture extends Disposable {
  readonly pageBytes: number;
  readonly databasePages: number;
  readonly since: number;
  readonly until: number;
  readonly schemaVersion: number;
  /** In order, many at a time. */
  pages(pagesAtOnce: number): Iterable<Buffer>;
  /** Rows of a table, for what they name outside of the ledger. */
  rows(table: string): Iterable<Record<string, string | number | null>>;
}

/** The log of an embedded ledger, read beside those who write it; it is not begun anew before it was read. */
export interface LedgerLog extends Disposable {
  readonly pageBytes: number;
  /** @throws BudaoError log_broken where it cannot be proven that nothing was missed */
  take(): LogChanges;
  /** The same, with the whole ledger at that very moment. */
  takeWithPicture(): { changes: LogChanges; picture: LogPicture };
  /** Which of these are contents of documents, at the moment of the last look. */
  documentsOf(sha256s: readonly string[]): NamedDocument[];
  /** Copies what is in the log into the database when it has become long, so that it begins anew. */
  keepShort(): void;
}
