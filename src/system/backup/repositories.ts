/** The repositories that the settings name, opened with what this machine knows. */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import { readIdentities } from '../../recovery/repository/age.ts';
import {
  openRepository,
  type Repository,
  type RepositoryOptions,
} from '../../recovery/repository/repository.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { openSecrets } from '../shared-stores.ts';
import type { RepositorySettings } from './backup-settings.ts';
import { signingKey } from './signing-key.ts';
import { type OpenedStorage, openStorage } from './storage.ts';

/** What backups need of the settings; nothing of it is secret. */
export type BackupConfiguration = Pick<Configuration, 'dataDir' | 'stores' | 'backup'>;

/** The place of a repository that `name` stands for: one of the settings, or a folder. @throws BudaoError repository_not_configured */
export function findRepository(configuration: BackupConfiguration, name: string | null): RepositorySettings {
  const { repositories } = configuration.backup;
  const [only] = repositories;
  if (name === null && only !== undefined && repositories.length === 1) return only;
  const found = repositories.find((one) => one.name === name);
  if (found !== undefined) return found;
  if (name !== null && /[/\\.]/.test(name)) return unnamed(resolve(name));
  const known = repositories.map((one) => one.name).join(', ');
  throw new BudaoError(
    'invalid',
    'repository_not_configured',
    `${name === null ? 'Say which repository is meant' : `No repository is called "${name}"`}: ` +
      `${known === '' ? 'none is configured' : `the settings name ${known}`}. Name one in backup.repositories, or give ` +
      'the path of its folder.',
  );
}

/** What a restore looks through: the one that is named, or all that the settings name, in their order. */
export function repositoriesToRead(
  configuration: BackupConfiguration,
  name: string | null,
): readonly RepositorySettings[] {
  const { repositories } = configuration.backup;
  return name === null && repositories.length > 0 ? repositories : [findRepository(configuration, name)];
}

/** As people call it. */
export function nameOf({ backup }: BackupConfiguration, settings: RepositorySettings): string {
  return backup.repositories.includes(settings) ? settings.name : (settings.folder ?? settings.name);
}

/** Called by its path, so that what is remembered of one folder is not taken for what is known of another. */
function unnamed(folder: string): RepositorySettings {
  return { name: `folder-${hash('sha256', folder).slice(0, 12)}`, folder, bucket: null };
}

export interface OpenedRepository extends AsyncDisposable {
  repository: Repository;
}

/** For the installation that writes there. */
export async function openForWriting(
  configuration: BackupConfiguration,
  settings: RepositorySettings,
  installationId: string,
  options: { keyFile: string | null } = { keyFile: null },
): Promise<OpenedRepository> {
  const folder = dataFolderAt(configuration.dataDir);
  const privateKey = await signingKey(openSecrets(configuration));
  return opened(await openStorage(settings), {
    signer: { installationId, privateKey },
    identities: options.keyFile === null ? [] : await readKeyFile(options.keyFile),
    stateFolder: join(folder.backup, settings.name),
    scratchFolder: join(folder.cache, 'backup'),
  });
}

/** For whoever only reads: without a key no more than the manifests. */
export async function openForReading(
  settings: RepositorySettings,
  options: { keyFile: string | null; scratchFolder: string },
): Promise<OpenedRepository> {
  const { keyFile, scratchFolder } = options;
  const identities = keyFile === null ? [] : await readKeyFile(keyFile);
  return openWithIdentities(settings, { identities, scratchFolder });
}

/** The same with keys that were read before. */
export async function openWithIdentities(
  settings: RepositorySettings,
  { identities, scratchFolder }: { identities: readonly string[]; scratchFolder: string },
): Promise<OpenedRepository> {
  return opened(await openStorage(settings), { signer: null, identities, stateFolder: null, scratchFolder });
}

async function opened(
  storage: OpenedStorage,
  options: Omit<RepositoryOptions, 'storage'>,
): Promise<OpenedRepository> {
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(storage);
  const repository = cleanup.use(await openRepository({ storage: storage.storage, ...options }));
  const owned = cleanup.move();
  return { repository, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export async function readKeyFile(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new BudaoError(
      'invalid',
      'recovery_key_missing',
      `The recovery key ${path} cannot be read: ${(error as Error).message}.`,
      { cause: error },
    );
  }
  return readIdentities(text);
}
