import type { Readable } from 'node:stream';

/**
 * A place that keeps a repository's files: a folder or a bucket. Keys are plain names with slashes.
 *
 * Every method throws BudaoError: repository_unavailable (away, refused; says what to do), repository_full,
 * repository_read_only.
 */
export interface RepositoryStorage {
  /** For messages: a path or a URL without credentials. */
  readonly name: string;
  /** Durable, whole and in place when it resolves, or not there at all. */
  put(key: string, body: Buffer): Promise<void>;
  /** The same for a local file. */
  putFile(key: string, path: string): Promise<void>;
  /** Of all callers everywhere, one makes the file. @returns whether it was this one */
  putIfAbsent(key: string, body: Buffer): Promise<boolean>;
  /** @returns null when there is no such file */
  get(key: string): Promise<Buffer | null>;
  read(key: string): Promise<Readable | null>;
  list(prefix: string): AsyncIterable<{ key: string; bytes: number; modifiedAt: number }>;
  delete(key: string): Promise<void>;
}

/** Bytes named by the sha256 of their plain content, as lower-case hex. */
export interface ObjectReference {
  sha256: string;
  bytes: number;
}

/** Packs hold objects of one layer, since layers are kept for different times. Documents are kept for ever. */
export type PackLayer = 'documents' | 'ledger';

/** Puts objects into packs. What the repository has already, it does not take again. */
export interface ObjectWriter extends AsyncDisposable {
  has(sha256: string): boolean;
  /** The plain size of what the repository has already; null for what it has not. */
  bytesOf(sha256: string): number | null;
  /**
   * May be called many times at once; resolves when the bytes have been taken over, durable only after `flush`.
   * @param layer `ledger` unless it is said
   * @throws BudaoError object_changed when the bytes do not hash to their name
   */
  add(object: ObjectReference, content: Buffer | Readable, layer?: PackLayer): Promise<void>;
  /** Everything that was added is durable in its pack. */
  flush(): Promise<void>;
}

/** Reads objects; every byte passes its hash before anyone relies on it. */
export interface ObjectReader {
  /** @throws BudaoError object_missing, object_corrupt, recovery_key_wrong */
  read(sha256: string): Promise<Buffer>;
  /**
   * Many objects, pack by pack, in whatever order is fastest; each once.
   * `take` gets the plain bytes of one object, already compared with its hash.
   */
  readMany(
    sha256s: Iterable<string>,
    take: (sha256: string, content: Buffer) => Promise<void>,
  ): Promise<void>;
}

/** What one snapshot holds, listed in an object of its own. */
export interface SnapshotContents {
  tables: TableContents[];
  /** Documents' originals. */
  blobs: ObjectReference[];
  /** What was derived from them and named by the ledger; a restored installation need not parse again. */
  derived: ObjectReference[];
  /** Named secrets, such as the key that seals endpoint credentials. */
  secrets: { name: string; object: ObjectReference }[];
  /** Files of the configuration, by their name in the data folder. */
  files: { name: string; object: ObjectReference }[];
  /** Blobs that the ledger named and marked as damaged before the snapshot was made. */
  leftOut: { sha256: string; reason: string }[];
}

export interface TableContents {
  name: string;
  rows: number;
  /** In the order of the rows. */
  pieces: ObjectReference[];
}

/** A pack and its index, which says what is in it; both are named or confirmed by the sha256 of their stored bytes. */
export interface ManifestPack {
  name: string;
  bytes: number;
  layer: PackLayer;
  /** sha256 of the index file as stored. */
  index: string;
}

/** In the clear, signed; the file that makes a snapshot one. */
export interface SnapshotManifest {
  format: 1;
  id: string;
  installationId: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  programVersion: string;
  schemaVersion: number;
  /** Of which engine the rows came: for people; nothing depends on it. */
  ledgerEngine: 'sqlite' | 'postgres';
  contents: ObjectReference;
  packs: ManifestPack[];
  counts: { workspaces: number; documents: number; conversations: number; runs: number; blobs: number };
  /** Of the plain objects that this snapshot needs, and of those that it had to add. */
  plainBytes: number;
  addedBytes: number;
  label: string | null;
}

/** One picture of a ledger, read while others go on writing. */
export interface LedgerPicture extends AsyncDisposable {
  readonly engine: 'sqlite' | 'postgres';
  readonly schemaVersion: number;
  /** Rows of a table in the order of its primary key. */
  rows(table: string): AsyncIterable<Record<string, string | number | null>>;
}

/** An empty ledger that is being filled. */
export interface LedgerFiller extends AsyncDisposable {
  /** Makes the schema of that version, and nothing in it. */
  begin(schemaVersion: number): Promise<void>;
  insert(table: string, rows: readonly Record<string, string | number | null>[]): Promise<void>;
  /** Checks counts, brings the schema up to this program's, and makes everything durable. */
  finish(): Promise<void>;
}

/** What the maker of a snapshot says about it; the repository adds what it knows itself. */
export type SnapshotDescription = Omit<
  SnapshotManifest,
  'format' | 'contents' | 'packs' | 'plainBytes' | 'addedBytes'
>;

/** One snapshot in the making. Disposed of before its publication it leaves no snapshot, and packs that the next one uses. */
export interface SnapshotWriter extends ObjectWriter {
  /**
   * Adds the list of the contents, makes everything durable, and puts the signed manifest last.
   * @throws BudaoError object_missing when the contents name what the repository does not have
   */
  publish(contents: SnapshotContents, description: SnapshotDescription): Promise<SnapshotManifest>;
}

/** Snapshots in one place, as those who make and restore them see it. */
export interface SnapshotRepository extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  write(): Promise<SnapshotWriter>;
  /** Whose signature holds, newest first. What is no readable manifest is told in `unreadable`. */
  list(): Promise<{ manifests: SnapshotManifest[]; unreadable: { key: string; reason: string }[] }>;
  /**
   * Needs the recovery key that the repository was opened with.
   * @throws BudaoError recovery_key_wrong, object_missing, object_corrupt
   */
  read(manifest: SnapshotManifest): Promise<{ contents: SnapshotContents; objects: ObjectReader }>;
}

/** Snapshots as those who restore them see them: of one repository, or of several that stand in for each other. */
export type ReadableSnapshots = Pick<SnapshotRepository, 'name' | 'list' | 'read'>;

/** Where a snapshot reads documents: their store, whose bytes are compared with their hash. */
export interface BlobSource {
  /** @throws BudaoError blob_missing, blob_corrupt */
  open(sha256: string): Promise<Readable>;
  /** The whole of a small one, compared with its hash, by blocking the thread; null where `open` has to be asked. */
  readSmall?(sha256: string): Buffer | null;
  /** Hashes of what was last seen damaged. */
  damaged(): Promise<ReadonlySet<string>>;
}

/** Where a restore puts documents. */
export interface BlobSink {
  /** `content` has been compared with its hash. */
  put(sha256: string, content: Buffer): Promise<void>;
  /** Everything that was put is durable. */
  finish(): Promise<void>;
}
