/**
 * The recovery key that a run needs, sealed in the ledger until the run has ended. What seals it is in no snapshot, so
 * that nobody who opens one finds the keys of other repositories in it.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { SecretStore } from '../../../access/secret-store.ts';
import { BudaoError } from '../../../contract/errors.ts';
import type { Sql } from '../../../ledger/ledger.ts';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SECRET_NAME = 'restore-part';
const SETTING = 'restore-part.key.';

export async function sealKeys(
  secrets: SecretStore,
  runId: string,
  identities: readonly string[],
): Promise<string> {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, await readKey(secrets), iv).setAAD(Buffer.from(runId));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(identities), 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
}

export async function keepKeys(tx: Sql, runId: string, sealed: string, now: number): Promise<void> {
  await tx.run('INSERT INTO setting (name, value, updated_at) VALUES (:name, :sealed, :now)', {
    name: `${SETTING}${runId}`,
    sealed,
    now,
  });
}

/** @throws BudaoError recovery_key_missing */
export async function openKeys(sql: Sql, secrets: SecretStore, runId: string): Promise<string[]> {
  const row = await sql.get<{ value: string }>('SELECT value FROM setting WHERE name = :name', {
    name: `${SETTING}${runId}`,
  });
  try {
    const bytes = Buffer.from(row?.value ?? '', 'base64');
    const decipher = createDecipheriv(CIPHER, await readKey(secrets), bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(runId))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const text =
      decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)).toString('utf8') + decipher.final('utf8');
    return JSON.parse(text) as string[];
  } catch (cause) {
    throw new BudaoError(
      'conflict',
      'recovery_key_missing',
      'The recovery key that was given for this restore is not here any more, or was sealed with another secret store. ' +
        'Start the restore again, with the key.',
      { cause },
    );
  }
}

export async function forgetKeys(tx: Sql, runId: string): Promise<void> {
  await tx.run('DELETE FROM setting WHERE name = :name', { name: `${SETTING}${runId}` });
}

/** Of runs that ended from outside. */
export async function forgetKeysOfEndedRuns(tx: Sql): Promise<void> {
  await tx.run(
    `DELETE FROM setting WHERE name LIKE '${SETTING}%' AND NOT EXISTS (
       SELECT 1 FROM run WHERE run.id = substr(setting.name, ${SETTING.length + 1}) AND run.finished_at IS NULL)`,
  );
}

async function readKey(secrets: SecretStore): Promise<Buffer> {
  return Buffer.from(hkdfSync('sha256', await secrets.read(SECRET_NAME), '', 'budao restore keys', 32));
}
