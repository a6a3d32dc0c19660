import { rm } from 'node:fs/promises';
import type { Ledger } from '../../../ledger/ledger.ts';
import type {
  ObjectReader,
  ReadableSnapshots,
  SnapshotContents,
  SnapshotManifest,
} from '../../../recovery/ports.ts';
import { type Row, readPiece } from '../../../recovery/tables/row-pieces.ts';
import { createSqliteFiller } from '../../../stores/ledger/sqlite-filler.ts';
import { openSqliteLedger } from '../../../stores/ledger/sqlite-ledger.ts';
import type { PartKind } from './part.ts';

const ALWAYS = ['setting', 'workspace', 'account', 'membership', 'api_key'];
const DOCUMENTS = ['knowledge_base', 'document', 'knowledge_base_document', 'file_batch'];
const CONVERSATIONS = ['conversation', 'conversation_item', 'feedback', 'run', 'event'];
const TABLES: Readonly<Record<PartKind, readonly string[]>> = {
  workspace: [...ALWAYS, ...DOCUMENTS, ...CONVERSATIONS],
  knowledge_base: [...ALWAYS, ...DOCUMENTS],
  document: [...ALWAYS, ...DOCUMENTS],
  conversation: [...ALWAYS, ...CONVERSATIONS],
};

export interface SnapshotLedger extends AsyncDisposable {
  ledger: Ledger;
  contents: SnapshotContents;
  objects: ObjectReader;
  /** How quickly its rows were read and put down. */
  bytesPerSecond: number;
  rowsPerSecond: number;
}

/**
 * The rows of a snapshot that a part of it may need, as a ledger of this program's schema in a file of its own; removed
 * when it is disposed of.
 */
export async function openSnapshotLedger(
  { manifest, snapshots }: { manifest: SnapshotManifest; snapshots: ReadableSnapshots },
  kind: PartKind,
  options: { path: string; signal: AbortSignal; onBytes: (bytes: number, total: number) => void },
): Promise<SnapshotLedger> {
  const { path, signal, onBytes } = options;
  const { contents, objects } = await snapshots.read(manifest);
  const tables = contents.tables.filter(({ name }) => TABLES[kind].includes(name));
  const tableOf = new Map(tables.flatMap(({ name, pieces }) => pieces.map(({ sha256 }) => [sha256, name])));
  const total = tables.flatMap(({ pieces }) => pieces).reduce((sum, { bytes }) => sum + bytes, 0);
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => removeLedger(path));
  await removeLedger(path);
  const startedMs = performance.now();
  let bytes = 0;
  let rows = 0;
  {
    await using filler = createSqliteFiller(path);
    await filler.begin(manifest.schemaVersion);
    await objects.readMany(tableOf.keys(), async (sha256, content) => {
      signal.throwIfAborted();
      const table = tableOf.get(sha256) ?? '';
      const wanted = readPiece(content).filter((row) => isWanted(table, row));
      await filler.insert(table, wanted);
      rows += wanted.length;
      bytes += content.length;
      onBytes(bytes, total);
    });
    await filler.finish();
  }
  const seconds = Math.max(0.001, (performance.now() - startedMs) / 1000);
  const ledger = await openSqliteLedger({ path, mayCreate: false });
  cleanup.use(ledger);
  const owned = cleanup.move();
  return {
    ledger,
    contents,
    objects,
    bytesPerSecond: bytes / seconds,
    rowsPerSecond: rows / seconds,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Of all the work of an installation only answers belong to conversations. */
function isWanted(table: string, row: Row): boolean {
  return table !== 'run' || row.kind === 'answer';
}

async function removeLedger(path: string): Promise<void> {
  for (const ending of ['', '-wal', '-shm', '-journal']) await rm(`${path}${ending}`, { force: true });
}
