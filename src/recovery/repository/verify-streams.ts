import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../ports.ts';
import { listStreams } from '../stream/list-streams.ts';
import { followStream } from '../stream/read-segments.ts';
import { baseKey, streamFolder } from '../stream/stream-layout.ts';
import { manifestOf } from '../stream/stream-needs.ts';
import { type Finding, findings } from './findings.ts';
import type { StoredManifest } from './manifests.ts';

/** Every segment of every stream is read, and what they need is named as manifests name it. Needs no key. */
export async function verifyStreams(
  storage: RepositoryStorage,
): Promise<{ findings: Finding[]; manifests: StoredManifest[]; count: number }> {
  const { streams, unreadable } = await listStreams(storage);
  const found: Finding[] = unreadable.map(({ key, reason }) => findings.streamDamaged(key, reason));
  const manifests: StoredManifest[] = [];
  for (const stream of streams) {
    const key = baseKey(streamFolder(stream));
    try {
      for await (const _ of followStream(storage, stream));
    } catch (error) {
      if (!(error instanceof BudaoError) || error.code !== 'stream_broken') throw error;
      found.push(findings.streamBroken(key, error));
    }
    try {
      manifests.push(await manifestOf(storage, stream));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // Said above already; what the base needs is known all the same.
      manifests.push({ key, manifest: stream.base.manifest, isRetired: false });
    }
  }
  return { findings: found, manifests, count: streams.length };
}
