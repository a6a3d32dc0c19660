/** Follows a stream segment by segment, as far as each names the one before and is as it was signed. */
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../ports.ts';
import { readSigner } from '../repository/description.ts';
import type { StoredStream } from './list-streams.ts';
import { readSegments, type StoredSegment, signerOf } from './segment.ts';
import type { SegmentFile } from './stream-layout.ts';

/**
 * @param upTo points in time after it are not read
 * @throws BudaoError stream_broken, which says until when a restore is possible
 */
export async function* followStream(
  storage: RepositoryStorage,
  stream: StoredStream,
  upTo = Number.POSITIVE_INFINITY,
): AsyncGenerator<StoredSegment> {
  const publicKey = await readSigner(storage, stream.installationId);
  let { identity, from: reached } = stream;
  let number = 0;
  for (const file of stream.segments) {
    if (file.first === file.last && file.until > upTo) return;
    for (const segment of await readFile(storage, file, reached)) {
      const { head } = segment;
      // What a bundle repeats of the segments before it.
      if (head.number <= number) continue;
      if (head.until > upTo) return;
      const isNext =
        head.number === number + 1 && head.previous === identity && head.generation === stream.generation;
      if (!isNext) throw broken(storage.name, `segment ${number + 1} is missing or damaged`, reached);
      // The chain ties the ones before to it, so that each signature counts for all of them; a look costs little.
      if (signerOf(segment) !== publicKey)
        throw broken(
          storage.name,
          `segment ${head.number} is not signed by ${stream.installationId}`,
          reached,
        );
      yield segment;
      number = head.number;
      identity = segment.identity;
      reached = head.until;
    }
  }
}

/** Whole, as the place has it. */
async function readFile(
  storage: RepositoryStorage,
  { key }: SegmentFile,
  reached: number,
): Promise<StoredSegment[]> {
  const file = await storage.get(key);
  if (file === null) throw broken(storage.name, `${key} is gone`, reached);
  const segments: StoredSegment[] = [];
  try {
    for (const segment of readSegments(file)) segments.push(segment);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // The sound ones before it are of use still.
    if (segments.length === 0) throw broken(storage.name, `${key}: ${error.message}`, reached);
  }
  return segments;
}

function broken(place: string, why: string, reached: number): BudaoError {
  const time = new Date(reached).toISOString();
  return new BudaoError(
    'unavailable',
    'stream_broken',
    `The stream of changes in ${place} is broken: ${why}. What it holds until ${time} can be restored: give --to ${time}, ` +
      'or restore from another repository, or a snapshot that is newer than that.',
  );
}
