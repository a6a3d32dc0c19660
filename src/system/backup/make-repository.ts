import { open, rm } from 'node:fs/promises';
import { BudaoError } from '../../contract/errors.ts';
import { generateRecoveryKey } from '../../recovery/repository/age.ts';
import { createRepository } from '../../recovery/repository/repository.ts';
import type { Configuration } from '../configuration.ts';
import { installationId } from '../installation-id.ts';
import { openLedger, openSecrets } from '../shared-stores.ts';
import { findRepository } from './repositories.ts';
import { signingKey } from './signing-key.ts';
import { openStorage } from './storage.ts';

export interface MadeRepository {
  name: string;
  place: string;
  recipients: string[];
  /** Where the new recovery key was written; null where recipients were given. */
  keyFile: string | null;
  appendOnly: boolean;
}

/**
 * @param request.recipients who can restore; none: a new recovery key is made and written to `keyFile`, which must not
 * be there yet
 * @throws BudaoError repository_exists, recovery_key_invalid, recovery_key_missing
 */
export async function makeRepository(request: {
  configuration: Configuration;
  repository: string | null;
  recipients: readonly string[];
  keyFile: string | null;
  appendOnly: boolean;
}): Promise<MadeRepository> {
  const { configuration, appendOnly, keyFile } = request;
  const settings = findRepository(configuration, request.repository);
  await using ledger = await openLedger(configuration);
  const signer = {
    installationId: await installationId(ledger),
    privateKey: await signingKey(openSecrets(configuration)),
  };
  await using opened = await openStorage(settings, { isNew: true });
  const recipients = [...request.recipients];
  if (keyFile !== null) recipients.push(await writeNewKey(keyFile));
  if (recipients.length === 0) {
    throw new BudaoError(
      'invalid',
      'recovery_key_missing',
      'Say who can restore: --new-key FILE makes a recovery key, --recipient age1… names one that exists.',
    );
  }
  try {
    await createRepository(opened.storage, { signer, recipients, appendOnly });
  } catch (error) {
    // It opens nothing.
    if (keyFile !== null) await rm(keyFile, { force: true });
    throw error;
  }
  return { name: settings.name, place: opened.storage.name, recipients, keyFile, appendOnly };
}

/** @returns its recipient */
async function writeNewKey(path: string): Promise<string> {
  const { identity, recipient } = await generateRecoveryKey();
  const text = `# Budao recovery key. Whoever has it can read every snapshot; without it nobody can.\n# public key: ${recipient}\n${identity}\n`;
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new BudaoError(
      'invalid',
      'recovery_key_invalid',
      isThere
        ? `${path} is there already and was not touched. Name another file with --new-key.`
        : `The recovery key cannot be written to ${path}: ${(error as Error).message}.`,
      { cause: error },
    );
  }
  return recipient;
}
