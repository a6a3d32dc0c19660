import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { SecretStore } from '../access/secret-store.ts';
import { followClock } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { FolderBlobs } from '../stores/blobs/folder-blobs.ts';
import { openPostgresLedger } from '../stores/ledger/postgres-ledger.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { openDerivedSecrets } from '../stores/secrets/derived-secrets.ts';
import { openFolderSecrets } from '../stores/secrets/folder-secrets.ts';
import type { Configuration } from './configuration.ts';
import { dataFolderAt } from './data-folder.ts';

/** How a node is called in the installation. */
export function nodeName(configuration: Configuration): string {
  return configuration.node ?? hostname();
}

/** In the cluster the schema is brought up to date by `budao migrate` alone, on one machine at its start. */
export async function openLedger(configuration: Configuration): Promise<Ledger> {
  const { url, passwordFile, connections } = configuration.stores.ledger;
  if (url === null) return openSqliteLedger({ path: dataFolderAt(configuration.dataDir).ledger });
  const ledger = await openPostgresLedger({ url, passwordPath: passwordFile, maxConnections: connections });
  followClock(() => ledger.now());
  return ledger;
}

export function openBlobs(configuration: Configuration): { blobs: FolderBlobs; derived: FolderBlobs } {
  const folder = dataFolderAt(configuration.dataDir);
  const shared = configuration.stores.blobs.folder;
  if (shared === null)
    return { blobs: new FolderBlobs(folder.blobs), derived: new FolderBlobs(folder.derived) };
  return { blobs: new FolderBlobs(join(shared, 'blobs')), derived: new FolderBlobs(join(shared, 'derived')) };
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
