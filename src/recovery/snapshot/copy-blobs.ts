import { buffer } from 'node:stream/consumers';
import { BudaoError } from '../../contract/errors.ts';
import type { BlobSource, ObjectReference, SnapshotContents, SnapshotWriter } from '../ports.ts';
import { forEachAtOnce } from './for-each-at-once.ts';
import type { NeededBlob, NeededBlobs } from './needed-blobs.ts';

const COPIES_AT_ONCE = 8;
/** Up to here a document is read whole, which is quicker than a stream. */
const MOST_HELD_BYTES = 1024 * 1024;
const MOST_NAMED = 5;

interface CopyOptions {
  source: BlobSource;
  needed: NeededBlobs;
  writer: SnapshotWriter;
  signal: AbortSignal;
  onCopied: (bytes: number) => void;
}

/** What cannot be read although a document needs it: perhaps it was deleted since the picture was taken. */
export class MissingBlobs extends Error {
  readonly blobs: readonly NeededBlob[];

  constructor(blobs: readonly NeededBlob[]) {
    super(`${blobs.length} contents are missing`);
    this.blobs = blobs;
  }

  /** For who is not helped by a newer picture. */
  asError(): BudaoError {
    const names = this.blobs.slice(0, MOST_NAMED).map(({ filename }) => filename);
    const more = this.blobs.length - names.length;
    return new BudaoError(
      'conflict',
      'snapshot_incomplete',
      `No snapshot was made: the content of ${this.blobs.length} documents is missing or damaged (${names.join(', ')}` +
        `${more > 0 ? ` and ${more} more` : ''}). Upload the same files again, or delete these documents; ` +
        '`budao doctor --deep` lists them all.',
    );
  }
}

/**
 * @param options damaged: what people could know of before the snapshot began
 * @throws MissingBlobs after everything else was copied, so that the next attempt has less to do
 */
export async function copyOriginals(
  options: CopyOptions & { damaged: ReadonlySet<string> },
): Promise<Pick<SnapshotContents, 'blobs' | 'leftOut'>> {
  const { source, needed, writer, signal, onCopied, damaged } = options;
  const copied: ObjectReference[] = [];
  const leftOut: SnapshotContents['leftOut'] = [];
  const missing: NeededBlob[] = [];
  // In the order of their folders: to read, and one day to write, so many small files is quicker that way.
  const blobs = [...needed.blobs.values()].sort(bySha256);
  await forEachAtOnce(blobs, COPIES_AT_ONCE, async (blob) => {
    signal.throwIfAborted();
    const { sha256, bytes } = blob;
    if (writer.has(sha256) || (await copy(source, writer, blob))) {
      copied.push({ sha256, bytes });
      onCopied(bytes);
    } else if (blob.filename === null) leftOut.push({ sha256, reason: 'of a deleted document' });
    else if (damaged.has(sha256) || needed.isGivenUp(blob))
      leftOut.push({ sha256, reason: 'marked as damaged' });
    else missing.push(blob);
  });
  if (missing.length > 0) throw new MissingBlobs(missing);
  return { blobs: copied.toSorted(bySha256), leftOut: leftOut.toSorted(bySha256) };
}

/** What was derived can be derived again, so that what is not there is no fault. */
export async function copyDerived(
  options: CopyOptions,
): Promise<Pick<SnapshotContents, 'derived' | 'leftOut'>> {
  const { source, needed, writer, signal, onCopied } = options;
  const copied: ObjectReference[] = [];
  const leftOut: SnapshotContents['leftOut'] = [];
  await forEachAtOnce([...needed.derived].sort(), COPIES_AT_ONCE, async (sha256) => {
    signal.throwIfAborted();
    let bytes = writer.bytesOf(sha256);
    if (bytes === null) {
      const content = await readAll(source, sha256);
      if (content === null) {
        leftOut.push({ sha256, reason: 'derived again after a restore' });
        return;
      }
      bytes = content.length;
      await writer.add({ sha256, bytes }, content);
    }
    copied.push({ sha256, bytes });
    onCopied(bytes);
  });
  return { derived: copied.toSorted(bySha256), leftOut: leftOut.toSorted(bySha256) };
}

async function copy(source: BlobSource, writer: SnapshotWriter, blob: NeededBlob): Promise<boolean> {
  const { sha256, bytes } = blob;
  if (bytes <= MOST_HELD_BYTES) {
    const content = await readAll(source, sha256);
    if (content === null) return false;
    await writer.add({ sha256, bytes: content.length }, content, 'documents');
    return true;
  }
  try {
    await writer.add({ sha256, bytes }, await source.open(sha256), 'documents');
    return true;
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  }
}

async function readAll(source: BlobSource, sha256: string): Promise<Buffer | null> {
  try {
    return source.readSmall?.(sha256) ?? (await buffer(await source.open(sha256)));
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

function isUnreadable(error: unknown): boolean {
  return error instanceof BudaoError && (error.code === 'blob_missing' || error.code === 'blob_corrupt');
}

function bySha256(left: { sha256: string }, right: { sha256: string }): number {
  return left.sha256 < right.sha256 ? -1 : 1;
}
