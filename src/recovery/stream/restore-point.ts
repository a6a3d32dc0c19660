/** Fills an empty target with what an installation was at one point of its stream; any engine may be the target. */
import { BudaoError } from '../../contract/errors.ts';
import type { LedgerPicture } from '../ports.ts';
import type { Restored, RestoreProgress, RestoreTarget } from '../restore/restore-snapshot.ts';
import { NeededBlobs } from '../snapshot/needed-blobs.ts';
import type { NamedContent } from '../snapshot/take-snapshot.ts';
import { SOURCE_TABLES } from '../tables/table-roles.ts';
import type { WrittenDatabase } from './write-database.ts';

const ROWS_AT_ONCE = 1_000;

/**
 * @param picture of the database file that was put together, which may be of an earlier schema
 * @throws BudaoError object_missing, and whatever the target refuses
 */
export async function restorePoint(options: {
  written: WrittenDatabase;
  picture: LedgerPicture & { tables: readonly string[] };
  target: RestoreTarget;
  onProgress: (progress: RestoreProgress) => void;
}): Promise<Restored> {
  const { written, picture, target, onProgress } = options;
  await target.filler.begin(picture.schemaVersion);
  const needed = new NeededBlobs();
  const rows = await copyRows(picture, target, needed);
  const { contents, objects } = written;
  const progress: RestoreProgress = {
    phase: 'content',
    objects: 0,
    objectsTotal: needed.blobs.size + needed.derived.size,
    bytes: 0,
    bytesTotal: [...needed.blobs.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const stored = await objects.places();
  const leftOut: Restored['leftOut'] = [];
  for (const { sha256, filename } of needed.blobs.values()) {
    if (stored.has(sha256)) continue;
    if (filename !== null && !written.leftOut.has(sha256)) throw missing(sha256, filename);
    leftOut.push({
      sha256,
      reason: filename === null ? 'of a deleted document' : 'was not there when it was shipped',
    });
  }
  for (const sha256 of needed.derived)
    if (!stored.has(sha256)) leftOut.push({ sha256, reason: 'derived again after a restore' });
  const named = [...contents.secrets, ...contents.files].map(({ object }) => object.sha256);
  const kept = new Map<string, Buffer>();
  const wanted = new Set(
    [...needed.blobs.keys(), ...needed.derived, ...named].filter((one) => stored.has(one)),
  );
  await objects.readMany(wanted, async (sha256, content) => {
    if (needed.blobs.has(sha256)) await target.blobs.put(sha256, content);
    if (needed.derived.has(sha256)) await target.derived.put(sha256, content);
    if (named.includes(sha256)) kept.set(sha256, content);
    progress.objects += 1;
    progress.bytes += content.length;
    onProgress(progress);
  });
  onProgress({ ...progress, phase: 'finishing' });
  await target.filler.finish();
  await target.blobs.finish();
  await target.derived.finish();
  const contentOf = ({ name, object }: (typeof contents.files)[number]): NamedContent => {
    const content = kept.get(object.sha256);
    if (content === undefined) throw missing(object.sha256, name);
    return { name, content };
  };
  return {
    rows,
    blobs: needed.blobs.size,
    secrets: contents.secrets.map(contentOf),
    files: contents.files.map(contentOf),
    leftOut,
  };
}

async function copyRows(
  picture: LedgerPicture & { tables: readonly string[] },
  target: RestoreTarget,
  needed: NeededBlobs,
): Promise<number> {
  let count = 0;
  for (const { name } of SOURCE_TABLES) {
    // Those of a later schema are filled by its migrations.
    if (!picture.tables.includes(name)) continue;
    let batch: Record<string, string | number | null>[] = [];
    for await (const row of picture.rows(name)) {
      needed.note(name, row);
      batch.push(row);
      count += 1;
      if (batch.length < ROWS_AT_ONCE) continue;
      await target.filler.insert(name, batch);
      batch = [];
    }
    if (batch.length > 0) await target.filler.insert(name, batch);
  }
  return count;
}

function missing(sha256: string, filename: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'object_missing',
    `The content of ${filename} (${sha256}) is in none of the packs of the stream. Restore from another repository, an ` +
      'earlier time, or a snapshot.',
  );
}
