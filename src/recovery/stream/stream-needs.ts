/** What streams need of a repository, and which of their generations are past their time. */
import type { RepositoryStorage } from '../ports.ts';
import { REQUESTS_AT_ONCE } from '../repository/limits.ts';
import type { StoredManifest } from '../repository/manifests.ts';
import { mapAtOnce } from '../repository/map-at-once.ts';
import type { StoredStream } from './list-streams.ts';
import { readSegments, type SegmentHead } from './segment.ts';
import { baseKey, streamFolder } from './stream-layout.ts';

/** Never taken for the manifest of an installation, which may be written anew when packs are joined. */
const OWNER = 'stream of ';

/**
 * The packs of a stream as a manifest names them: its segments are looked into where their names say that they need any.
 *
 * @throws RangeError where one of them cannot be read, so that what it needs cannot be known
 */
export async function manifestOf(storage: RepositoryStorage, stream: StoredStream): Promise<StoredManifest> {
  const { manifest } = stream.base;
  const named = await mapAtOnce(
    stream.segments.filter(({ hasPacks }) => hasPacks),
    REQUESTS_AT_ONCE,
    async ({ key }) => {
      const file = await storage.get(key);
      if (file === null) throw new RangeError(`${key} is gone`);
      return [...readSegments(file)].flatMap(({ head }): SegmentHead['packs'] => head.packs);
    },
  );
  const packs = new Map([...manifest.packs, ...named.flat()].map((pack) => [pack.name, pack]));
  return {
    key: baseKey(streamFolder(stream)),
    manifest: { ...manifest, installationId: `${OWNER}${stream.installationId}`, packs: [...packs.values()] },
    isRetired: false,
  };
}

/**
 * A generation goes once its last point in time is older than what is kept. The newest of each installation always stays:
 * it may be the only one that is left of it.
 */
export function streamsPastTheirTime(streams: readonly StoredStream[], keptSince: number): StoredStream[] {
  const newest = new Map<string, StoredStream>();
  for (const stream of streams) {
    const known = newest.get(stream.installationId);
    if (known === undefined || known.until < stream.until) newest.set(stream.installationId, stream);
  }
  return streams.filter((stream) => stream.until < keptSince && newest.get(stream.installationId) !== stream);
}
