import { BudaoError } from '../../contract/errors.ts';
import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import type {
  BlobSink,
  LedgerFiller,
  ObjectReader,
  ReadableSnapshots,
  SnapshotContents,
  SnapshotManifest,
} from '../ports.ts';
import type { NamedContent } from '../snapshot/take-snapshot.ts';
import { readPiece } from '../tables/row-pieces.ts';
import { SOURCE_TABLES } from '../tables/table-roles.ts';

/** Rows of one statement: a piece may hold many short ones. */
const ROWS_AT_ONCE = 5_000;

export interface RestoreProgress {
  phase: 'content' | 'finishing';
  objects: number;
  objectsTotal: number;
  bytes: number;
  bytesTotal: number;
}

export interface RestoreTarget {
  filler: LedgerFiller;
  blobs: BlobSink;
  derived: BlobSink;
}

export interface Restored {
  rows: number;
  blobs: number;
  secrets: NamedContent[];
  files: NamedContent[];
  leftOut: SnapshotContents['leftOut'];
}

/** What a snapshot holds, each object with what it is for. */
interface Plan {
  tables: Map<string, string>;
  blobs: Set<string>;
  derived: Set<string>;
  named: Map<string, Buffer | null>;
  bytes: number;
}

/**
 * Fills an empty ledger and empty stores; every byte has passed its hash before it is written. Nobody may use either
 * before this has resolved.
 *
 * @throws BudaoError snapshot_newer, snapshot_damaged, object_missing, object_corrupt, and whatever the target refuses
 */
export async function restoreSnapshot(options: {
  repository: ReadableSnapshots;
  manifest: SnapshotManifest;
  target: RestoreTarget;
  onProgress: (progress: RestoreProgress) => void;
}): Promise<Restored> {
  const { repository, manifest, target, onProgress } = options;
  refuseNewer(manifest);
  const { contents, objects } = await repository.read(manifest);
  const plan = planOf(contents);
  const progress: RestoreProgress = {
    phase: 'content',
    objects: 0,
    objectsTotal: plan.tables.size + plan.blobs.size + plan.derived.size + plan.named.size,
    bytes: 0,
    bytesTotal: plan.bytes,
  };
  await target.filler.begin(manifest.schemaVersion);
  const rows = await fill(objects, plan, target, (bytes) => {
    progress.objects += 1;
    progress.bytes += bytes;
    onProgress(progress);
  });
  compareRows(contents, rows);
  onProgress({ ...progress, phase: 'finishing' });
  await target.filler.finish();
  await target.blobs.finish();
  await target.derived.finish();
  const named = (each: SnapshotContents['files']): NamedContent[] =>
    each.map(({ name, object }) => ({ name, content: plan.named.get(object.sha256) ?? Buffer.alloc(0) }));
  return {
    rows: [...rows.values()].reduce((sum, count) => sum + count, 0),
    blobs: plan.blobs.size,
    secrets: named(contents.secrets),
    files: named(contents.files),
    leftOut: contents.leftOut,
  };
}

/** @throws BudaoError snapshot_newer */
export function refuseNewer(
  manifest: Pick<SnapshotManifest, 'id' | 'programVersion' | 'schemaVersion'>,
): void {
  if (manifest.schemaVersion <= SCHEMA_VERSION) return;
  throw new BudaoError(
    'conflict',
    'snapshot_newer',
    `Snapshot ${manifest.id} was made by program ${manifest.programVersion} with schema version ` +
      `${manifest.schemaVersion}; this program knows up to ${SCHEMA_VERSION}. Restore it with that program or a newer one.`,
  );
}

function planOf(contents: SnapshotContents): Plan {
  const known = new Set(SOURCE_TABLES.map(({ name }) => name));
  const tables = new Map<string, string>();
  for (const { name, pieces } of contents.tables) {
    if (!known.has(name)) throw damaged(`a table ${name} that this program does not know`);
    for (const { sha256 } of pieces) {
      if (tables.has(sha256)) throw damaged(`the same piece in two places (${sha256})`);
      tables.set(sha256, name);
    }
  }
  const references = [
    ...contents.tables.flatMap(({ pieces }) => pieces),
    ...contents.blobs,
    ...contents.derived,
  ];
  return {
    tables,
    blobs: new Set(contents.blobs.map(({ sha256 }) => sha256)),
    derived: new Set(contents.derived.map(({ sha256 }) => sha256)),
    named: new Map([...contents.secrets, ...contents.files].map(({ object }) => [object.sha256, null])),
    bytes: references.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** In whatever order is quickest to read; the same bytes may be a document and something else. */
async function fill(
  objects: ObjectReader,
  plan: Plan,
  target: RestoreTarget,
  onObject: (bytes: number) => void,
): Promise<Map<string, number>> {
  const rows = new Map<string, number>();
  const wanted = new Set([...plan.tables.keys(), ...plan.blobs, ...plan.derived, ...plan.named.keys()]);
  await objects.readMany(wanted, async (sha256, content) => {
    wanted.delete(sha256);
    const table = plan.tables.get(sha256);
    if (table !== undefined) {
      const piece = readPiece(content);
      rows.set(table, (rows.get(table) ?? 0) + piece.length);
      for (let at = 0; at < piece.length; at += ROWS_AT_ONCE)
        await target.filler.insert(table, piece.slice(at, at + ROWS_AT_ONCE));
    }
    if (plan.blobs.has(sha256)) await target.blobs.put(sha256, content);
    if (plan.derived.has(sha256)) await target.derived.put(sha256, content);
    if (plan.named.has(sha256)) plan.named.set(sha256, content);
    onObject(content.length);
  });
  if (wanted.size === 0) return rows;
  throw new BudaoError(
    'conflict',
    'object_missing',
    `${wanted.size} objects of the snapshot were not in its packs. Restore another snapshot, or from another repository.`,
  );
}

function compareRows(contents: SnapshotContents, rows: ReadonlyMap<string, number>): void {
  for (const { name, rows: expected } of contents.tables) {
    const found = rows.get(name) ?? 0;
    if (found !== expected) throw damaged(`${found} of ${expected} rows of ${name}`);
  }
}

function damaged(what: string): BudaoError {
  return new BudaoError(
    'conflict',
    'snapshot_damaged',
    `The list of the snapshot's contents is not as it was made: ${what}. Restore another one.`,
  );
}
