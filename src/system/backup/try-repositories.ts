import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../../recovery/ports.ts';
import { readSigner } from '../../recovery/repository/description.ts';
import { LOCK_TIMING, takeLock } from '../../recovery/repository/locks.ts';
import { openRepository, type Repository } from '../../recovery/repository/repository.ts';
import { publicHalf } from '../../recovery/repository/signing.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { INSTALLATION_ID } from '../installation-id.ts';
import { openLedger, openSecrets } from '../shared-stores.ts';
import { attempt, type Trial } from '../trial.ts';
import { signingKey } from './signing-key.ts';
import { openStorage } from './storage.ts';

/** Tries every repository of the settings: there, readable, writable, signed by this installation, kept as declared. */
export async function tryRepositories(configuration: Configuration): Promise<Trial[]> {
  const { repositories } = configuration.backup;
  const trials: Trial[] = [];
  for (const settings of repositories) {
    const work = async (): Promise<string> => {
      await using cleanup = new AsyncDisposableStack();
      const scratchFolder = await mkdtemp(join(tmpdir(), 'budao-try-'));
      cleanup.defer(() => rm(scratchFolder, { recursive: true, force: true }));
      const { storage } = cleanup.use(await openStorage(settings));
      const repository = cleanup.use(
        await openRepository({ storage, signer: null, stateFolder: null, scratchFolder }),
      );
      const { manifests, unreadable } = await repository.list();
      const remarks = [
        `${manifests.length} snapshots`,
        `${repository.description.recipients.length} recovery keys`,
        ...(unreadable.length === 0 ? [] : [`${unreadable.length} cannot be read: run budao backup verify`]),
        await tryWriting(repository),
        await tryDeleting(storage, repository),
        await compareSigner(configuration, repository),
      ];
      return remarks.filter((remark) => remark !== '').join('; ');
    };
    trials.push(await attempt('repository', settings.name, work));
  }
  return trials;
}

/** As a snapshot begins: with a lock, which goes again. */
async function tryWriting({ context }: Repository): Promise<string> {
  const { storage, mayDelete } = context;
  try {
    await using _ = await takeLock(storage, 'write', {
      mayDelete,
      timing: { ...LOCK_TIMING, patienceMs: 0 },
    });
    return 'writable';
  } catch (error) {
    if (error instanceof BudaoError && error.code === 'repository_locked')
      return 'writable; a pruning is under way';
    throw error;
  }
}

/** What the settings promise against whoever takes over this machine is kept by the place, or by nobody. */
async function tryDeleting(storage: RepositoryStorage, { description }: Repository): Promise<string> {
  if (!description.appendOnly) return '';
  const key = `locks/write-${randomBytes(8).toString('hex')}.evicted.json`;
  await storage.putIfAbsent(key, Buffer.from('{}\n'));
  try {
    await storage.delete(key);
  } catch {
    return 'append-only, as declared';
  }
  if ((await storage.get(key)) !== null) return 'append-only, as declared';
  return 'append-only by this program alone: its key could delete. Take that right from it where the place is kept';
}

/** @throws BudaoError signing_key_other */
async function compareSigner(configuration: Configuration, { context }: Repository): Promise<string> {
  // Before its first start an installation has neither name nor key, and a check makes none.
  if (configuration.stores.ledger.url === null && !existsSync(dataFolderAt(configuration.dataDir).ledger))
    return '';
  await using ledger = await openLedger(configuration);
  const found = await ledger.read.get<{ value: string }>('SELECT value FROM setting WHERE name = :name', {
    name: INSTALLATION_ID,
  });
  if (found === undefined) return '';
  const pinned = await readSigner(context.storage, found.value);
  if (pinned === null) return 'this installation has not written there yet';
  if (pinned === publicHalf(await signingKey(openSecrets(configuration)))) return 'signing key present';
  throw new BudaoError(
    'conflict',
    'signing_key_other',
    `${context.storage.name} knows this installation by another signing key than the one in its secret store: no ` +
      'snapshot can be written there. Put the old secrets back, or make a new repository with `budao backup init`.',
  );
}
