/** The streams that a repository has, by what its files are called and their bases say; the segments are not read. */
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../ports.ts';
import { REQUESTS_AT_ONCE } from '../repository/limits.ts';
import { mapAtOnce } from '../repository/map-at-once.ts';
import { readBase, type StreamBase } from './stream-base.ts';
import { baseKey, parseStreamKey, type SegmentFile, STREAMS, streamFolder } from './stream-layout.ts';

export interface StoredStream {
  installationId: string;
  generation: string;
  base: StreamBase;
  /** The hash of the base that the first segment names. */
  identity: string;
  /** Each number once, in order; a bundle before what it was made of. */
  segments: SegmentFile[];
  /** Points in time that it covers, as far as the names of its files tell. */
  from: number;
  until: number;
}

export interface StreamFiles {
  folder: string;
  keys: string[];
  segments: SegmentFile[];
}

/** Newest first. What has no base that can be read is told in `unreadable`. */
export async function listStreams(
  storage: RepositoryStorage,
): Promise<{ streams: StoredStream[]; unreadable: { key: string; reason: string }[]; files: StreamFiles[] }> {
  const files = await filesByFolder(storage);
  const unreadable: { key: string; reason: string }[] = [];
  const read = await mapAtOnce([...files.values()], REQUESTS_AT_ONCE, async ({ folder, segments }) => {
    const key = baseKey(folder);
    try {
      const found = await readBase(storage, key);
      if (found === null) throw new RangeError(`${key} is missing`);
      return streamOf(found, inOrder(segments));
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof BudaoError)) throw error;
      unreadable.push({ key, reason: error.message });
      return null;
    }
  });
  const streams = read.filter((stream) => stream !== null);
  streams.sort((left, right) => right.until - left.until);
  return { streams, unreadable, files: [...files.values()] };
}

async function filesByFolder(storage: RepositoryStorage): Promise<Map<string, StreamFiles>> {
  const files = new Map<string, StreamFiles>();
  for await (const { key } of storage.list(STREAMS)) {
    const parsed = parseStreamKey(key);
    if (parsed === null) continue;
    const folder = streamFolder(parsed);
    const known = files.get(folder) ?? { folder, keys: [], segments: [] };
    known.keys.push(key);
    if (parsed.segment !== null) known.segments.push(parsed.segment);
    files.set(folder, known);
  }
  return files;
}

function streamOf(
  { base, identity }: { base: StreamBase; identity: string },
  segments: SegmentFile[],
): StoredStream {
  const { generation, manifest, until } = base;
  return {
    installationId: manifest.installationId,
    generation,
    base,
    identity,
    segments,
    from: until,
    until: segments.at(-1)?.until ?? until,
  };
}

/** A bundle stands for what it was made of, as long as that was not taken away yet. */
function inOrder(segments: readonly SegmentFile[]): SegmentFile[] {
  const sorted = segments.toSorted((left, right) => left.first - right.first || right.last - left.last);
  const chosen: SegmentFile[] = [];
  for (const segment of sorted) {
    const last = chosen.at(-1)?.last ?? 0;
    if (segment.last > last) chosen.push(segment);
  }
  return chosen;
}
