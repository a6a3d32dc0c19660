import { join } from 'node:path';
import type { SnapshotManifest } from '../../recovery/ports.ts';
import { dataFolderAt } from '../data-folder.ts';
import { type BackupConfiguration, findRepository, openForReading } from './repositories.ts';

/** Needs no key: manifests are in the clear. Newest first. */
export async function listSnapshots(
  configuration: BackupConfiguration,
  repository: string | null,
): Promise<{ snapshots: SnapshotManifest[]; unreadable: { key: string; reason: string }[] }> {
  const settings = findRepository(configuration, repository);
  const scratchFolder = join(dataFolderAt(configuration.dataDir).cache, 'backup');
  await using opened = await openForReading(settings, { keyFile: null, scratchFolder });
  const { manifests, unreadable } = await opened.repository.list();
  return { snapshots: manifests, unreadable };
}
