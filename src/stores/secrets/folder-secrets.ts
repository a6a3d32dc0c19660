import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretStore } from '../../access/secret-store.ts';
import { BudaoError } from '../../contract/errors.ts';
import { makeFolderDurably, syncFolder } from '../files/durable-file.ts';

export const SECRET_BYTES = 32;
const NAME = /^[a-z][a-z0-9-]{0,63}$/;

/** Secrets as files that only the service's own user may read. */
export function openFolderSecrets(options: { folder: string }): SecretStore {
  return {
    async read(name) {
      if (!NAME.test(name))
        throw new BudaoError('internal', 'secret_name', 'A secret needs a kebab-case name.');
      const path = join(options.folder, name);
      try {
        return (await readSecret(path)) ?? (await createSecret(options.folder, path));
      } catch (error) {
        if (error instanceof BudaoError) throw error;
        throw new BudaoError(
          'unavailable',
          'secret_unavailable',
          `The secret '${name}' cannot be read or created. Check that the service may write to its data folder.`,
          { cause: error },
        );
      }
    },
  };
}

async function readSecret(path: string): Promise<Uint8Array | null> {
  const secret = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (secret === null) return null;
  if (secret.length !== SECRET_BYTES) {
    throw new BudaoError(
      'unavailable',
      'secret_damaged',
      `A secret in the data folder has ${secret.length} bytes instead of ${SECRET_BYTES}. Restore it from a snapshot, ` +
        'or delete the file: then a new one is made and everybody signs in again.',
    );
  }
  return new Uint8Array(secret);
}

/** Of several processes that create it at once one wins, and all of them read the winner's. */
async function createSecret(folder: string, path: string): Promise<Uint8Array> {
  await makeFolderDurably(folder);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(randomBytes(SECRET_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
  const secret = await readSecret(path);
  if (secret === null) throw new Error('the secret vanished after it was created');
  return secret;
}

/** A link never replaces what another process has published; some file systems have only rename. */
async function publish(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
    await rename(temporary, path);
  }
}
