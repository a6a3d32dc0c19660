/** Makes an installation out of a snapshot, in a data folder or in a database with its shared places. */
import { basename, join } from 'node:path';
import { hashCredential } from '../../access/credential-hash.ts';
import { newId } from '../../contract/ids.ts';
import { Seal } from '../../health/alerts/seal.ts';
import { requestReindex } from '../../knowledge/ingest/reindex.ts';
import type { IndexGeneration } from '../../knowledge/ports.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { SnapshotManifest } from '../../recovery/ports.ts';
import { beginNewLife } from '../../recovery/restore/new-life.ts';
import { type Restored, type RestoreTarget } from '../../recovery/restore/restore-snapshot.ts';
import type { NamedContent } from '../../recovery/snapshot/take-snapshot.ts';
import { FolderBlobSink } from '../../stores/blobs/folder-blob-sink.ts';
import { writeDurably } from '../../stores/files/durable-file.ts';
import { createSqliteFiller } from '../../stores/ledger/sqlite-filler.ts';
import { type Configuration, isCluster } from '../configuration.ts';
import { DataFolderLock, dataFolderAt, prepareDataFolder } from '../data-folder.ts';
import { keepFirstSignIn } from '../first-sign-in.ts';
import { takeSharedPlaces } from '../shared-places.ts';
import { openBlobs, openIndex, openLedger, openSecrets } from '../shared-stores.ts';
import { isOccupied, RestoreStaging } from './restore-staging.ts';
import { sinkInto } from './restore-target.ts';
import { FIRST_SIGN_IN, PLACE_KEY, SEALING_SECRET } from './taken-secrets.ts';

export interface RestoreRequest {
  configuration: Configuration;
  /** The snapshot, or the point of a stream: whose it is, and of when. */
  origin: Pick<SnapshotManifest, 'id' | 'installationId' | 'createdAt'>;
  /** Fills an empty target; every byte has passed its hash before it is written. */
  bring: (target: RestoreTarget) => Promise<Restored>;
  replace: boolean;
  now: () => number;
}

export interface RestoreOutcome extends Omit<Restored, 'secrets' | 'files'> {
  snapshotId: string;
  installationId: string;
  /** Where the content went that was there before. */
  replaced: string | null;
  /** Files of the old configuration, put into the data folder for people to look at. */
  files: string[];
}

/** Whether something is there that only `replace` may put aside. */
export async function isTargetOccupied(configuration: Configuration): Promise<boolean> {
  const { url, passwordFile } = configuration.stores.ledger;
  if (url === null) return isOccupied(dataFolderAt(configuration.dataDir));
  const { lookIntoPostgres } = await import('../../stores/ledger/postgres-filler.ts');
  return (await lookIntoPostgres({ url, passwordPath: passwordFile })) === 'occupied';
}

/**
 * @returns null where only the end of this very restore was missing, after a kill
 * @throws BudaoError restore_target_not_empty, restore_target_in_use, data_folder_in_use, and those of restoreSnapshot
 */
export async function restoreInstallation(request: RestoreRequest): Promise<RestoreOutcome | null> {
  const { configuration } = request;
  const folder = dataFolderAt(configuration.dataDir);
  await prepareDataFolder(folder);
  using _ = DataFolderLock.acquire(folder);
  return await (isCluster(configuration) ? restoreCluster(request) : restoreFolder(request));
}

async function restoreFolder(request: RestoreRequest): Promise<RestoreOutcome | null> {
  const { configuration, origin, replace, now } = request;
  const folder = dataFolderAt(configuration.dataDir);
  const staging = await RestoreStaging.begin(folder, { snapshotId: origin.id, replace });
  if (staging === null) return null;
  try {
    const staged: Configuration = { ...configuration, dataDir: staging.folder.path };
    const target: RestoreTarget = {
      filler: createSqliteFiller(staging.folder.ledger),
      blobs: new FolderBlobSink(staging.folder.blobs),
      derived: new FolderBlobSink(staging.folder.derived),
    };
    const id = newId('installation');
    const restored = await fill(request, target, { place: staged, id });
    const replaced = await staging.takeTheirPlace(origin.id, now());
    return await tell(request, restored, id, replaced);
  } catch (error) {
    await staging.abandon();
    throw error;
  }
}

async function restoreCluster(request: RestoreRequest): Promise<RestoreOutcome> {
  const { configuration, replace } = request;
  const { url, passwordFile } = configuration.stores.ledger;
  const { createPostgresFiller } = await import('../../stores/ledger/postgres-filler.ts');
  await using filler = await createPostgresFiller({ url: url ?? '', passwordPath: passwordFile, replace });
  await using stores = await openBlobs(configuration);
  const id = newId('installation');
  const blobs = sinkInto(stores.blobs);
  // Only once the ledger is known to be free.
  const beforeBlobs = async (version: number): Promise<void> => {
    await filler.begin(version);
    await takeSharedPlaces(configuration, id, { replace });
  };
  const target = { filler: { ...filler, begin: beforeBlobs }, blobs, derived: sinkInto(stores.derived) };
  const restored = await fill(request, target, { place: configuration, id });
  await dropIndexes(configuration);
  return await tell(request, restored, id, null);
}

/** In a place that was used before, so that nothing is found there that the snapshot does not know. */
export async function dropIndexes(configuration: Configuration): Promise<void> {
  await using ledger = await openLedger(configuration);
  await using stores = await openBlobs(configuration);
  const { index } = await openIndex(configuration, stores.client);
  await using _ = index;
  const bases = await ledger.read.all<{ id: string; generation: string }>(
    'SELECT id, generation FROM knowledge_base ORDER BY id',
  );
  for (const { id, generation } of bases) await index.drop(id, JSON.parse(generation) as IndexGeneration);
}

/** @param to the configuration under which the restored ledger is opened for the first time, and who it will be */
async function fill(
  request: RestoreRequest,
  target: RestoreTarget,
  { place, id }: { place: Configuration; id: string },
): Promise<Restored> {
  const { origin } = request;
  let restored: Restored;
  {
    await using _ = target.filler;
    restored = await request.bring(target);
  }
  await using ledger = await openLedger(place);
  const sealed = await sealAnew(ledger, restored.secrets, place);
  const from = {
    snapshotId: origin.id,
    installationId: origin.installationId,
    takenAt: origin.createdAt,
    // Never before the picture, whatever this machine's clock says.
    restoredAt: Math.max(request.now(), origin.createdAt),
  };
  const retired = restored.secrets.filter(({ name }) => name.startsWith(PLACE_KEY));
  const retiredKeyHashes = retired.map(({ content }) => hashCredential(content.toString()));
  await ledger.transaction(async (tx) => {
    for (const channel of sealed)
      await tx.run('UPDATE alert_channel SET sealed = :text WHERE id = :id', { ...channel });
    await beginNewLife(tx, from, { installationId: id, retiredKeyHashes });
    const bases = await tx.all<{ id: string; workspace_id: string }>(
      'SELECT id, workspace_id FROM knowledge_base WHERE deleted_at IS NULL ORDER BY id',
    );
    for (const base of bases) await requestReindex(tx, base.workspace_id, base.id, null, from.restoredAt);
  });
  return restored;
}

/** What was sealed with the old place's secret opens with the new one's. */
async function sealAnew(
  ledger: Ledger,
  secrets: readonly NamedContent[],
  place: Configuration,
): Promise<{ id: string; text: string }[]> {
  const old = secrets.find(({ name }) => name === SEALING_SECRET);
  if (old === undefined) return [];
  const before = new Seal({ read: async () => old.content });
  const after = new Seal(openSecrets(place));
  const sealed: { id: string; text: string }[] = [];
  for (const row of await ledger.read.all<{ id: string; sealed: string }>(
    'SELECT id, sealed FROM alert_channel',
  )) {
    const content = await before.open(row.id, row.sealed).catch(() => null);
    // Unreadable before, it stays so: the channel says what to do.
    if (content !== null) sealed.push({ id: row.id, text: await after.close(row.id, content) });
  }
  return sealed;
}

async function tell(
  request: RestoreRequest,
  { files, secrets, rows, blobs, leftOut }: Restored,
  installationId: string,
  replaced: string | null,
): Promise<RestoreOutcome> {
  const { dataDir } = request.configuration;
  const signIn = secrets.find(({ name }) => name === FIRST_SIGN_IN);
  if (signIn !== undefined) await keepFirstSignIn(dataFolderAt(dataDir), signIn.content);
  const written: string[] = [];
  for (const { name, content } of files) {
    const path = join(dataDir, `restored-${basename(name)}`);
    await writeDurably(path, content, 0o600);
    written.push(path);
  }
  return { snapshotId: request.origin.id, installationId, replaced, files: written, rows, blobs, leftOut };
}
