/** One snapshot of this installation into one of its repositories, in whatever thread it is called. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { BlobStore } from '../../knowledge/ports.ts';
import type { BlobSource, LedgerPicture, SnapshotManifest } from '../../recovery/ports.ts';
import { type SampleSize, sampledPicture } from '../../recovery/snapshot/sampled-picture.ts';
import type { SnapshotInput, SnapshotResult } from '../../recovery/snapshot/snapshot-handler.ts';
import {
  type NamedContent,
  type SnapshotProgress,
  takeSnapshot,
} from '../../recovery/snapshot/take-snapshot.ts';
import { FolderBlobSource } from '../../stores/blobs/folder-blob-source.ts';
import { FolderBlobs } from '../../stores/blobs/folder-blobs.ts';
import { canarySecret } from '../canary-question.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { keptFirstSignIn } from '../first-sign-in.ts';
import { hasLocalKey, readLocalKey } from '../local-key.ts';
import { openBlobs, openSecrets } from '../shared-stores.ts';
import { VERSION } from '../version.ts';
import { type BackupConfiguration, findRepository, openForWriting } from './repositories.ts';
import { FIRST_SIGN_IN, PLACE_KEY, SEALING_SECRET } from './taken-secrets.ts';

/** Everything is plain, so that it can be handed to a thread. */
export interface SnapshotJob {
  configuration: BackupConfiguration & Pick<Configuration, 'configFile'>;
  input: SnapshotInput;
  installationId: string;
  /** How far the ledger's clock is ahead of this machine's. */
  clockAheadMs: number;
  /** How many of the documents are taken; null or none for all. */
  sample?: SampleSize | null;
}

export function snapshotJob(
  configuration: Configuration,
  rest: Omit<SnapshotJob, 'configuration'>,
): SnapshotJob {
  const { dataDir, stores, backup, configFile } = configuration;
  const named = configFile === undefined ? {} : { configFile };
  return { configuration: { dataDir, stores, backup, ...named }, ...rest };
}

export async function performSnapshot(
  { configuration, input, installationId, clockAheadMs, sample = null }: SnapshotJob,
  signal: AbortSignal,
  onProgress: (progress: SnapshotProgress) => void,
): Promise<SnapshotResult> {
  const settings = findRepository(configuration, input.repository);
  await using opened = await openForWriting(configuration, settings, installationId);
  const { repository } = opened;
  const { manifests } = await repository.list();
  // Whoever began was killed between the publication and the end of the run.
  const published = manifests.find(({ id }) => id === input.snapshotId);
  if (published !== undefined) return resultOf(published, input);
  await using writer = await repository.write();
  await using stores = await openBlobs(configuration);
  const manifest = await takeSnapshot({
    sources: {
      async openPicture() {
        const picture = await openPicture(configuration);
        return sample === null ? picture : sampledPicture(picture, sample);
      },
      blobs: sourceOf(stores.blobs, configuration),
      derived: sourceOf(stores.derived, configuration),
      secrets: await readSecrets(configuration),
      files: await readFiles(configuration.configFile),
    },
    writer,
    origin: { id: input.snapshotId, installationId, programVersion: VERSION, label: input.label },
    now: () => Date.now() + clockAheadMs,
    signal,
    onProgress,
  });
  return resultOf(manifest, input);
}

/** Behind a network each file is waited for, and several are under way at once. */
export function sourceOf(blobs: BlobStore, { stores }: BackupConfiguration): BlobSource {
  return stores.blobs.folder === null && blobs instanceof FolderBlobs ? new FolderBlobSource(blobs) : blobs;
}

async function openPicture({ dataDir, stores }: BackupConfiguration): Promise<LedgerPicture> {
  const { url, passwordFile } = stores.ledger;
  if (url === null) {
    const { openSqlitePicture } = await import('../../stores/ledger/sqlite-picture.ts');
    return openSqlitePicture(dataFolderAt(dataDir).ledger);
  }
  const { openPostgresPicture } = await import('../../stores/ledger/postgres-picture.ts');
  return openPostgresPicture({ url, passwordPath: passwordFile });
}

/** What seals in the ledger, and the keys of this place, which a restored installation has to forget. */
export async function readSecrets(configuration: BackupConfiguration): Promise<NamedContent[]> {
  const secrets = openSecrets(configuration);
  const folder = dataFolderAt(configuration.dataDir);
  const taken: NamedContent[] = [
    { name: SEALING_SECRET, content: Buffer.from(await secrets.read(SEALING_SECRET)) },
    { name: `${PLACE_KEY}canary`, content: Buffer.from(await canarySecret(secrets)) },
  ];
  const signIn = await keptFirstSignIn(folder);
  if (signIn !== null) taken.push({ name: FIRST_SIGN_IN, content: signIn });
  if (hasLocalKey(folder))
    taken.push({ name: `${PLACE_KEY}local`, content: Buffer.from(await readLocalKey(folder)) });
  return taken;
}

export async function readFiles(configFile: string | undefined): Promise<NamedContent[]> {
  if (configFile === undefined) return [];
  return [{ name: basename(configFile), content: await readFile(configFile) }];
}

function resultOf(manifest: SnapshotManifest, { repository }: SnapshotInput): SnapshotResult {
  const { id, createdAt, counts, plainBytes, addedBytes, label } = manifest;
  return { id, createdAt, counts, plainBytes, addedBytes, label, repository };
}
