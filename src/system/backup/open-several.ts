import {
  isOfRepository,
  type NamedRepository,
  SeveralRepositories,
  type Trouble,
} from '../../recovery/repository/several-repositories.ts';
import type { RepositorySettings } from './backup-settings.ts';
import { type BackupConfiguration, nameOf, openWithIdentities, readKeyFile } from './repositories.ts';

export interface OpenedSeveral extends AsyncDisposable {
  several: SeveralRepositories;
}

interface OpenOptions {
  identities: readonly string[];
  scratchFolder: string;
  /** Nobody prunes there meanwhile. */
  isHeld: boolean;
}

/**
 * Those that can be opened; what is wrong with the others is among the troubles.
 *
 * @throws BudaoError of the first one where none can be opened
 */
export async function openSeveral(
  configuration: BackupConfiguration,
  settings: readonly RepositorySettings[],
  { keyFile, ...rest }: Omit<OpenOptions, 'identities'> & { keyFile: string | null },
): Promise<OpenedSeveral> {
  const identities = keyFile === null ? [] : await readKeyFile(keyFile);
  return openSeveralWith(configuration, settings, { identities, ...rest });
}

/** The same with keys that were read before. */
export async function openSeveralWith(
  configuration: BackupConfiguration,
  settings: readonly RepositorySettings[],
  options: OpenOptions,
): Promise<OpenedSeveral> {
  await using cleanup = new AsyncDisposableStack();
  const opened: NamedRepository[] = [];
  const troubles: (Trouble & { error: unknown })[] = [];
  for (const one of settings) {
    const name = nameOf(configuration, one);
    try {
      const { repository } = cleanup.use(await openWithIdentities(one, options));
      if (options.isHeld) cleanup.use(await repository.hold());
      opened.push({ name, repository });
    } catch (error) {
      if (!isOfRepository(error)) throw error;
      troubles.push({ repository: name, code: error.code, message: error.message, error });
    }
  }
  if (opened.length === 0) throw troubles[0]?.error;
  const several = new SeveralRepositories(opened);
  for (const { repository, code, message } of troubles) several.note(repository, code, message);
  const owned = cleanup.move();
  return { several, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
