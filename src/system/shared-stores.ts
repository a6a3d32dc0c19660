import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { SecretStore } from '../access/secret-store.ts';
import type { BlobStore, ChunkIndex, LocalBlobs } from '../knowledge/ports.ts';
import { followClock } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Channel } from '../runs/channel.ts';
import { FolderBlobs } from '../stores/blobs/folder-blobs.ts';
import type { S3Client } from '../stores/blobs/s3-client.ts';
import type { ChannelObserver } from '../stores/channel/peer-transport.ts';
import { SocketChannel } from '../stores/channel/socket-channel.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { openDerivedSecrets } from '../stores/secrets/derived-secrets.ts';
import { openFolderSecrets } from '../stores/secrets/folder-secrets.ts';
import type { Configuration } from './configuration.ts';
import { dataFolderAt } from './data-folder.ts';
import { installationId } from './installation-id.ts';
import { ownFolder, type Presence, sharedBucketPresence, sharedFolderPresence } from './presence.ts';
import { sharedFolder } from './shared-places.ts';

// An adapter with a client library of its own is loaded where it is configured: each costs every other process some ten
// milliseconds at its start, and some megabytes.

/** Whether the changes of an embedded ledger are sent to repositories as they come. */
export function isShipped({ stores, backup }: Pick<Configuration, 'stores' | 'backup'>): boolean {
  return stores.ledger.url === null && backup.stream.enabled && backup.repositories.length > 0;
}

/** How a node is called in the installation. */
export function nodeName(configuration: Configuration): string {
  return configuration.node ?? hostname();
}

/** In the cluster the schema is brought up to date by `budao migrate` alone, on one machine at its start. */
export async function openLedger(
  configuration: StoreSettings & Pick<Configuration, 'backup'>,
  processId = 'budao',
  { mayCreate = false }: { mayCreate?: boolean } = {},
): Promise<Ledger> {
  const { url, passwordFile, connections } = configuration.stores.ledger;
  if (url === null) {
    const path = dataFolderAt(configuration.dataDir).ledger;
    return openSqliteLedger({ path, mayCreate, isFollowed: isShipped(configuration) });
  }
  const { openPostgresLedger } = await import('../stores/ledger/postgres-ledger.ts');
  const ledger = await openPostgresLedger({
    url: named(url, processId),
    passwordPath: passwordFile,
    maxConnections: connections,
  });
  followClock(() => ledger.now());
  return ledger;
}

/** The database shows sessions by this name, so that others see when a process has lost all of its own. */
function named(url: string, processId: string): string {
  const name = `application_name=${encodeURIComponent(processId)}`;
  if (/[?&]application_name=/.test(url)) return url.replace(/([?&])application_name=[^&#]*/, `$1${name}`);
  return `${url}${url.includes('?') ? '&' : '?'}${name}`;
}

/** Between the processes of one machine through the supervisor; between machines through Redis, or the database. */
export async function openChannel(
  configuration: Configuration,
  ledger: Ledger,
  onState: ChannelObserver = () => {},
): Promise<Channel> {
  const { stores } = configuration;
  if (stores.ledger.url === null) return new SocketChannel(dataFolderAt(configuration.dataDir).hubSocket);
  const id = await installationId(ledger);
  if (stores.channel.url !== null) {
    const { url, passwordFile } = stores.channel;
    const { openRedisChannel } = await import('../stores/channel/redis-channel.ts');
    return openRedisChannel({ url, passwordPath: passwordFile, installationId: id, onState });
  }
  const { url, passwordFile } = stores.ledger;
  const { openNotifyChannel } = await import('../stores/channel/notify-channel.ts');
  const sql = ledger.read;
  return openNotifyChannel({ url, passwordPath: passwordFile, sql, installationId: id, onState });
}

export interface OpenedBlobs extends AsyncDisposable {
  blobs: BlobStore & LocalBlobs;
  derived: BlobStore & LocalBlobs;
  presence: Presence;
  /** The bucket that they are in, if any. */
  client: S3Client | null;
}

/** What says where everything is kept. */
export type StoreSettings = Pick<Configuration, 'dataDir' | 'stores'>;

export async function openBlobs(configuration: StoreSettings): Promise<OpenedBlobs> {
  const folder = dataFolderAt(configuration.dataDir);
  const { folder: shared, bucket } = configuration.stores.blobs;
  if (bucket !== null) {
    const [{ openBucket }, { S3Blobs }] = await Promise.all([
      import('./bucket.ts'),
      import('../stores/blobs/s3-blobs.ts'),
    ]);
    const client = await openBucket(bucket);
    const scratchFolder = join(folder.cache, 'blobs');
    await mkdir(scratchFolder, { recursive: true });
    return {
      blobs: new S3Blobs({ client, scratchFolder, prefix: 'blobs/' }),
      derived: new S3Blobs({ client, scratchFolder, prefix: 'derived/' }),
      presence: sharedBucketPresence(client),
      client,
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  }
  const nothingToClose = { client: null, [Symbol.asyncDispose]: async () => {} };
  if (shared === null) {
    return {
      blobs: new FolderBlobs(folder.blobs),
      derived: new FolderBlobs(folder.derived),
      presence: ownFolder(folder.blobs, 'documents'),
      ...nothingToClose,
    };
  }
  const provided = sharedFolder(shared);
  return {
    blobs: new FolderBlobs(join(shared, 'blobs'), provided),
    derived: new FolderBlobs(join(shared, 'derived'), provided),
    presence: sharedFolderPresence(provided),
    ...nothingToClose,
  };
}

export interface OpenedIndex {
  index: ChunkIndex;
  presence: Presence;
}

/** On one machine in its folder; between machines published from a shared place, with a copy on each. */
export async function openIndex(configuration: Configuration, client: S3Client | null): Promise<OpenedIndex> {
  const folder = dataFolderAt(configuration.dataDir);
  const directory = configuration.stores.index.folder;
  if (client === null && directory === null) {
    const { openLanceDbIndex } = await import('../stores/index/lancedb-index.ts');
    const index = await openLanceDbIndex({ directory: folder.index });
    return { index, presence: ownFolder(folder.index, 'index') };
  }
  const { openPublishedIndex } = await import('../stores/index/published-index.ts');
  const cacheFolder = join(folder.cache, 'index');
  if (directory !== null) {
    const provided = sharedFolder(directory);
    const { createFolderObjectStore } = await import('../stores/index/folder-object-store.ts');
    const objects = createFolderObjectStore(directory, provided);
    const index = await openPublishedIndex({ objects, cacheFolder });
    return { index, presence: sharedFolderPresence(provided) };
  }
  if (client === null) throw new Error('an index in a bucket needs its client');
  const { createS3ObjectStore } = await import('../stores/index/s3-object-store.ts');
  const objects = createS3ObjectStore(client, 'index/');
  return {
    index: await openPublishedIndex({ objects, cacheFolder }),
    presence: sharedBucketPresence(client),
  };
}

export function openSecrets(configuration: StoreSettings): SecretStore {
  const keyFile = configuration.stores.secretKeyFile;
  if (keyFile !== null) return openDerivedSecrets({ keyFile });
  return openFolderSecrets({ folder: dataFolderAt(configuration.dataDir).secrets });
}

/** Of the settings that mean trouble when nodes do not share them; which node and which port is each one's own. */
export function settingsHash(configuration: Configuration): string {
  const { models, embedder, answers, limits, stores } = configuration;
  const shared = {
    models: models.map((model) => ({ ...model, apiKey: null })),
    embedder: embedder === null ? null : { ...embedder, apiKey: null },
    answers,
    limits,
    hasSharedLedger: stores.ledger.url !== null,
    files: { blobs: kindOf(stores.blobs), index: kindOf(stores.index) },
    hints: stores.channel.url === null ? 'database' : 'redis',
  };
  return createHash('sha256').update(JSON.stringify(shared)).digest('hex').slice(0, 16);
}

/** Not where a folder is mounted, which may differ between machines; its mark tells whether it is the same one. */
function kindOf(place: { folder: string | null }): 'folder' | 'elsewhere' {
  return place.folder === null ? 'elsewhere' : 'folder';
}
