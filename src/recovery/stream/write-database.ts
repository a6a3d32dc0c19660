/** Puts a base and the segments after it together to the database file that the installation had at that time. */
import { hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { BudaoError } from '../../contract/errors.ts';
import type { ManifestPack, ObjectReader, SnapshotContents } from '../ports.ts';
import type { RepositoryContext } from '../repository/context.ts';
import { objectCorrupt } from '../repository/errors.ts';
import { PackedObjects } from '../repository/object-reader.ts';
import { parseContents } from '../repository/snapshot-contents.ts';
import type { StoredStream } from './list-streams.ts';
import { followStream } from './read-segments.ts';
import { openPages, type StoredSegment } from './segment.ts';
import { PAGES } from './stream-base.ts';

export interface WrittenDatabase {
  /** Beside the pages. */
  contents: SnapshotContents;
  /** Everything that the ledger at that point names, and that was stored. */
  objects: PackedObjects;
  /** Contents that were gone already when what names them was shipped. */
  leftOut: Set<string>;
  segments: number;
  since: number;
  until: number;
}

/**
 * @param path of a file that is not there yet
 * @throws BudaoError stream_broken, object_missing, object_corrupt, recovery_key_wrong
 */
export async function writeDatabase(
  context: RepositoryContext,
  stream: StoredStream,
  options: { path: string; upTo: number; onBytes: (bytes: number) => void },
): Promise<WrittenDatabase> {
  const { base } = stream;
  const { manifest, pageBytes } = base;
  await using file = await open(options.path, 'wx', 0o600);
  const ofBase = new PackedObjects(context, manifest.packs);
  const text = (await ofBase.read(manifest.contents.sha256)).toString('utf8');
  const contents = parse(text, context.storage.name, stream);
  await writePieces(file, contents, ofBase, { pieceBytes: 256 * pageBytes, onBytes: options.onBytes });
  const packs = new Map<string, ManifestPack>(manifest.packs.map((pack) => [pack.name, pack]));
  const written: Omit<WrittenDatabase, 'objects'> = {
    contents,
    leftOut: new Set(contents.leftOut.map(({ sha256 }) => sha256)),
    segments: 0,
    since: base.since,
    until: base.until,
  };
  let { databasePages } = base;
  for await (const segment of followStream(context.storage, stream, options.upTo)) {
    await writeSegment(file, segment, { context, pageBytes });
    options.onBytes(segment.body.length);
    const { head } = segment;
    for (const pack of head.packs) packs.set(pack.name, pack);
    for (const sha256 of head.leftOut) written.leftOut.add(sha256);
    ({ databasePages } = head);
    Object.assign(written, { segments: head.number, since: head.since, until: head.until });
  }
  await file.truncate(databasePages * pageBytes);
  return { ...written, objects: new PackedObjects(context, [...packs.values()]) };
}

async function writePieces(
  file: FileHandle,
  contents: SnapshotContents,
  objects: ObjectReader,
  { pieceBytes, onBytes }: { pieceBytes: number; onBytes: (bytes: number) => void },
): Promise<void> {
  const pieces = contents.tables.find(({ name }) => name === PAGES)?.pieces ?? [];
  const places = new Map<string, number[]>();
  for (const [position, { sha256 }] of pieces.entries())
    places.set(sha256, [...(places.get(sha256) ?? []), position * pieceBytes]);
  await objects.readMany(places.keys(), async (sha256, content) => {
    for (const place of places.get(sha256) ?? []) await file.write(content, 0, content.length, place);
    onBytes(content.length);
  });
}

async function writeSegment(
  file: FileHandle,
  segment: StoredSegment,
  { context, pageBytes }: { context: RepositoryContext; pageBytes: number },
): Promise<void> {
  const { number } = segment.head;
  try {
    for await (const { page, content } of openPages(segment, pageBytes, context.identities))
      await file.write(content, 0, content.length, (page - 1) * pageBytes);
  } catch (error) {
    throw objectCorrupt(`Segment ${number} (${hash('sha256', segment.body)})`, context.storage.name, error);
  }
}

function parse(text: string, place: string, { generation }: StoredStream): SnapshotContents {
  try {
    return parseContents(text);
  } catch (error) {
    throw objectCorrupt(`The list of contents of the stream ${generation}`, place, error);
  }
}

/** The one that comes nearest to that time without being later; null where all are later. */
export function choosePoint(streams: readonly StoredStream[], upTo: number): StoredStream | null {
  let chosen: { stream: StoredStream; at: number } | null = null;
  for (const stream of streams) {
    if (stream.from > upTo) continue;
    const at = Math.min(stream.until, upTo);
    if (chosen === null || at > chosen.at) chosen = { stream, at };
  }
  return chosen?.stream ?? null;
}

export function pointMissing(upTo: number, oldest: number | null, place: string): BudaoError {
  const time = new Date(upTo).toISOString();
  const from =
    oldest === null
      ? 'It holds no point in time at all.'
      : `The oldest one that it holds is ${new Date(oldest).toISOString()}.`;
  return new BudaoError(
    'not_found',
    'stream_point_missing',
    `${place} holds nothing of ${time} or before. ${from} \`budao backup list\` shows what is there.`,
  );
}
