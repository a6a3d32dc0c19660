import type {
  BlobSource,
  LedgerPicture,
  ObjectReference,
  SnapshotContents,
  SnapshotDescription,
  SnapshotManifest,
  SnapshotWriter,
  TableContents,
} from '../ports.ts';
import { type Row, referenceTo, takeTable } from '../tables/row-pieces.ts';
import { SOURCE_TABLES } from '../tables/table-roles.ts';
import { copyDerived, copyOriginals, MissingBlobs } from './copy-blobs.ts';
import { NeededBlobs } from './needed-blobs.ts';

/** A blob may be deleted between the picture and its copy: then a newer picture no longer names it. */
const MOST_PICTURES = 3;

/** What is to be put beside the ledger's rows and the documents. */
export interface NamedContent {
  name: string;
  content: Buffer;
}

export interface SnapshotProgress {
  phase: 'ledger' | 'documents' | 'publishing';
  rows: number;
  /** Of documents and what was derived from them. */
  blobs: number;
  blobsTotal: number;
  bytes: number;
}

export interface SnapshotSources {
  openPicture(): Promise<LedgerPicture>;
  blobs: BlobSource;
  derived: BlobSource;
  secrets: readonly NamedContent[];
  files: readonly NamedContent[];
}

export type SnapshotOrigin = Pick<SnapshotDescription, 'id' | 'installationId' | 'programVersion' | 'label'>;

/**
 * One consistent picture of the ledger with everything that its rows name, in a repository, or nothing.
 *
 * @throws BudaoError snapshot_incomplete when a document's content is missing that nobody has marked as damaged
 */
export async function takeSnapshot(options: {
  sources: SnapshotSources;
  writer: SnapshotWriter;
  origin: SnapshotOrigin;
  now: () => number;
  signal: AbortSignal;
  onProgress: (progress: SnapshotProgress) => void;
}): Promise<SnapshotManifest> {
  const damaged = await options.sources.blobs.damaged();
  for (let pictures = 1; ; pictures++) {
    try {
      return await take(options, damaged);
    } catch (error) {
      if (!(error instanceof MissingBlobs)) throw error;
      if (pictures === MOST_PICTURES) throw error.asError();
    }
  }
}

async function take(
  options: Parameters<typeof takeSnapshot>[0],
  damaged: ReadonlySet<string>,
): Promise<SnapshotManifest> {
  const { sources, writer, origin, signal } = options;
  const progress: SnapshotProgress = { phase: 'ledger', rows: 0, blobs: 0, blobsTotal: 0, bytes: 0 };
  const tell = (change: Partial<SnapshotProgress>): void =>
    options.onProgress(Object.assign(progress, change));
  const needed = new NeededBlobs();
  const createdAt = options.now();
  const picture = await copyLedger(options, needed, (rows) => tell({ rows: progress.rows + rows }));
  tell({ phase: 'documents', blobsTotal: needed.blobs.size + needed.derived.size });
  const copying = {
    needed,
    writer,
    signal,
    onCopied: (bytes: number) => tell({ blobs: progress.blobs + 1, bytes: progress.bytes + bytes }),
  };
  const originals = await copyOriginals({ ...copying, source: sources.blobs, damaged });
  const derived = await copyDerived({ ...copying, source: sources.derived });
  tell({ phase: 'publishing' });
  const contents: SnapshotContents = {
    tables: picture.tables,
    blobs: originals.blobs,
    derived: derived.derived,
    secrets: await addNamed(writer, sources.secrets),
    files: await addNamed(writer, sources.files),
    leftOut: [...originals.leftOut, ...derived.leftOut],
  };
  signal.throwIfAborted();
  return await writer.publish(contents, {
    ...origin,
    createdAt,
    schemaVersion: picture.schemaVersion,
    ledgerEngine: picture.engine,
    counts: { ...needed.counts, blobs: originals.blobs.length },
  });
}

async function copyLedger(
  { sources, writer, signal }: Parameters<typeof takeSnapshot>[0],
  needed: NeededBlobs,
  onRows: (rows: number) => void,
): Promise<Pick<LedgerPicture, 'engine' | 'schemaVersion'> & { tables: TableContents[] }> {
  await using picture = await sources.openPicture();
  const tables: TableContents[] = [];
  for (const table of SOURCE_TABLES) {
    const rows = noted(picture.rows(table.name), table.name, needed);
    const taken = await takeTable(table, rows, async ({ object, content, rows: count }) => {
      signal.throwIfAborted();
      if (!writer.has(object.sha256)) await writer.add(object, content);
      onRows(count);
    });
    tables.push(taken);
  }
  return { engine: picture.engine, schemaVersion: picture.schemaVersion, tables };
}

async function* noted(rows: AsyncIterable<Row>, table: string, needed: NeededBlobs): AsyncGenerator<Row> {
  for await (const row of rows) {
    needed.note(table, row);
    yield row;
  }
}

export async function addNamed(
  writer: SnapshotWriter,
  contents: readonly NamedContent[],
): Promise<{ name: string; object: ObjectReference }[]> {
  const added: { name: string; object: ObjectReference }[] = [];
  for (const { name, content } of contents) {
    const object = referenceTo(content);
    if (!writer.has(object.sha256)) await writer.add(object, content);
    added.push({ name, object });
  }
  return added;
}
