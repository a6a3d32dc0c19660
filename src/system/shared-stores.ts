import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { SecretStore } from '../access/secret-store.ts';
import { followClock } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Channel } from '../runs/channel.ts';
import { FolderBlobs } from '../stores/blobs/folder-blobs.ts';
import { openNotifyChannel } from '../stores/channel/notify-channel.ts';
import { SocketChannel } from '../stores/channel/socket-channel.ts';
import { openPostgresLedger } from '../stores/ledger/postgres-ledger.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { openDerivedSecrets } from '../stores/secrets/derived-secrets.ts';
import { openFolderSecrets } from '../stores/secrets/folder-secrets.ts';
import type { Configuration } from './configuration.ts';
import { dataFolderAt } from './data-folder.ts';
import { installationId } from './installation-id.ts';

/** How a node is called in the installation. */
export function nodeName(configuration: Configuration): string {
  return configuration.node ?? hostname();
}

/** In the cluster the schema is brought up to date by `budao migrate` alone, on one machine at its start. */
export async function openLedger(configuration: Configuration, processId = 'budao'): Promise<Ledger> {
  const { url, passwordFile, connections } = configuration.stores.ledger;
  if (url === null) return openSqliteLedger({ path: dataFolderAt(configuration.dataDir).ledger });
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
  if (url.includes('application_name=')) return url;
  return `${url}${url.includes('?') ? '&' : '?'}application_name=${encodeURIComponent(processId)}`;
}

/** Between the processes of one machine through the supervisor; between machines through Redis, or the database. */
export async function openChannel(configuration: Configuration, ledger: Ledger): Promise<Channel> {
  const { stores } = configuration;
  if (stores.ledger.url === null) return new SocketChannel(dataFolderAt(configuration.dataDir).hubSocket);
  const id = await installationId(ledger);
  if (stores.channel.url !== null) {
    const { url, passwordFile } = stores.channel;
    // Its client takes a tenth of a second to load, which a node without it should not pay.
    const { openRedisChannel } = await import('../stores/channel/redis-channel.ts');
    return openRedisChannel({ url, passwordPath: passwordFile, installationId: id });
  }
  const { url, passwordFile } = stores.ledger;
  return openNotifyChannel({ url, passwordPath: passwordFile, sql: ledger.read, installationId: id });
}

export function openBlobs(configuration: Configuration): {
  blobs: FolderBlobs;
  derived: FolderBlobs;
  /** Where the blobs are; its absence is an outage. */
  blobsFolder: string;
} {
  const folder = dataFolderAt(configuration.dataDir);
  const shared = configuration.stores.blobs.folder;
  const blobsFolder = shared === null ? folder.blobs : join(shared, 'blobs');
  const derivedFolder = shared === null ? folder.derived : join(shared, 'derived');
  return { blobs: new FolderBlobs(blobsFolder), derived: new FolderBlobs(derivedFolder), blobsFolder };
}

export function indexDirectory(configuration: Configuration): string {
  return configuration.stores.index.folder ?? dataFolderAt(configuration.dataDir).index;
}

export function openSecrets(configuration: Configuration): SecretStore {
  const keyFile = configuration.stores.secretKeyFile;
  if (keyFile !== null) return openDerivedSecrets({ keyFile });
  return openFolderSecrets({ folder: dataFolderAt(configuration.dataDir).secrets });
}

/** Of the settings that mean trouble when nodes do not share them; which node and which port is each one's own. */
export function settingsHash(configuration: Configuration): string {
  const { models, embedder, answers, limits, stores } = configuration;
  const shared = {
    models: models.map(({ apiKey: _, ...model }) => model),
    embedder: embedder === null ? null : { ...embedder, apiKey: null },
    answers,
    limits,
    hasSharedLedger: stores.ledger.url !== null,
  };
  return createHash('sha256').update(JSON.stringify(shared)).digest('hex').slice(0, 16);
}
