import { join } from 'node:path';
import type { SnapshotManifest } from '../../recovery/ports.ts';
import { isOfRepository, type Trouble } from '../../recovery/repository/several-repositories.ts';
import { listStreams } from '../../recovery/stream/list-streams.ts';
import { dataFolderAt } from '../data-folder.ts';
import { type BackupConfiguration, nameOf, openForReading, repositoriesToRead } from './repositories.ts';

/** Points in time that can be restored beside the snapshots, as far as the names of files tell. */
export interface ListedStream {
  repository: string;
  installationId: string;
  generation: string;
  from: number;
  until: number;
  segments: number;
}

export interface ListedSnapshots {
  snapshots: (SnapshotManifest & { repository: string })[];
  streams: ListedStream[];
  unreadable: { repository: string; key: string; reason: string }[];
  /** Repositories that cannot be read at all, where others can. */
  troubles: Trouble[];
}

/** Needs no key: manifests are in the clear. Newest first; null for all repositories that the settings name. */
export async function listSnapshots(
  configuration: BackupConfiguration,
  repository: string | null,
): Promise<ListedSnapshots> {
  const all = repositoriesToRead(configuration, repository);
  const scratchFolder = join(dataFolderAt(configuration.dataDir).cache, 'backup');
  const listed: ListedSnapshots = { snapshots: [], streams: [], unreadable: [], troubles: [] };
  for (const settings of all) {
    const name = nameOf(configuration, settings);
    try {
      await using opened = await openForReading(settings, { keyFile: null, scratchFolder });
      const { manifests, unreadable } = await opened.repository.list();
      listed.snapshots.push(...manifests.map((manifest) => ({ ...manifest, repository: name })));
      const found = await listStreams(opened.repository.context.storage);
      listed.streams.push(
        ...found.streams.map(({ installationId, generation, from, until, segments }) => ({
          repository: name,
          installationId,
          generation,
          from,
          until,
          segments: segments.at(-1)?.last ?? 0,
        })),
      );
      const damaged = [...unreadable, ...found.unreadable];
      listed.unreadable.push(...damaged.map((one) => ({ repository: name, ...one })));
    } catch (error) {
      if (all.length === 1 || !isOfRepository(error)) throw error;
      listed.troubles.push({ repository: name, code: error.code, message: error.message });
    }
  }
  listed.snapshots.sort((left, right) => right.createdAt - left.createdAt);
  return listed;
}
