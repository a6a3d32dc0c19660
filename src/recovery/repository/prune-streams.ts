import { BudaoError } from '../../contract/errors.ts';
import { listStreams, type StoredStream } from '../stream/list-streams.ts';
import { baseKey, streamFolder } from '../stream/stream-layout.ts';
import { manifestOf, streamsPastTheirTime } from '../stream/stream-needs.ts';
import type { RepositoryContext } from './context.ts';
import type { StoredManifest } from './manifests.ts';
import type { PlannedStream, PruneOptions } from './prune-plan.ts';

export interface StreamPlan {
  /** What the streams that stay need, and what those name that go. */
  staying: StoredManifest[];
  leaving: StoredManifest[];
  files: string[];
  shown: PlannedStream[];
}

/** @throws BudaoError repository_damaged when what a stream needs cannot be known */
export async function planStreams(
  { storage }: RepositoryContext,
  { streamMs = Number.POSITIVE_INFINITY }: PruneOptions,
  now: number,
  mayLeave: ReadonlySet<string> | null,
): Promise<StreamPlan> {
  const { streams, unreadable, files } = await listStreams(storage);
  const going = streamsPastTheirTime(streams, now - streamMs).filter(
    (stream) => mayLeave?.has(keyOf(stream)) !== false,
  );
  const plan: StreamPlan = { staying: [], leaving: [], files: [], shown: [] };
  // Without its base a stream is of no use, and what it needs is left for its grace.
  for (const { key, reason } of unreadable)
    if (!reason.endsWith('is missing')) throw unknownNeeds(storage.name, key, reason);
  for (const stream of streams) {
    const isGoing = going.includes(stream);
    const manifest = await manifestOf(storage, stream).catch((error: unknown) => {
      if (isGoing && error instanceof RangeError) return null;
      throw error instanceof RangeError ? unknownNeeds(storage.name, keyOf(stream), error.message) : error;
    });
    if (manifest !== null) plan[isGoing ? 'leaving' : 'staying'].push(manifest);
    if (!isGoing) continue;
    const folder = streamFolder(stream);
    const keys = files.find((one) => one.folder === folder)?.keys ?? [];
    // Without a base nobody takes what is left of a broken-off removal for a stream.
    plan.files.push(keyOf(stream), ...keys.filter((key) => key !== keyOf(stream)));
    const { generation, installationId, from, until } = stream;
    plan.shown.push({ key: keyOf(stream), generation, installationId, from, until, files: keys.length });
  }
  // What a broken-off removal has left.
  for (const { folder, keys } of files) if (!keys.includes(baseKey(folder))) plan.files.push(...keys);
  return plan;
}

function keyOf(stream: StoredStream): string {
  return baseKey(streamFolder(stream));
}

function unknownNeeds(place: string, key: string, reason: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'repository_damaged',
    `Nothing is pruned in ${place}, since what the stream of ${key} needs cannot be known: ${reason}. Put the file back from ` +
      'a copy of the repository, or remove that folder by hand if you give these points in time up.',
  );
}
