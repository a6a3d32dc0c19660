import { hkdfSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SecretStore } from '../../access/secret-store.ts';
import { BudaoError } from '../../contract/errors.ts';

const SECRET_BYTES = 32;
const KEY_BYTES_LEAST = 32;

/**
 * Secrets derived from one key file that all nodes share, such as a mounted secret: nothing has to be written, and
 * every node comes to the same.
 */
export function openDerivedSecrets(options: { keyFile: string }): SecretStore {
  return {
    async read(name) {
      const key = await readKey(options.keyFile);
      return new Uint8Array(hkdfSync('sha256', key, '', `budao secret ${name}`, SECRET_BYTES));
    },
  };
}

/** The same key gives the same fingerprint; nothing about the key can be learned from it. */
export async function keyFingerprint(keyFile: string): Promise<string> {
  const key = await readKey(keyFile);
  return Buffer.from(hkdfSync('sha256', key, '', 'budao fingerprint', 16)).toString('hex');
}

async function readKey(keyFile: string): Promise<Buffer> {
  let key: Buffer;
  try {
    key = await readFile(keyFile);
  } catch (error) {
    throw new BudaoError(
      'unavailable',
      'secret_unavailable',
      `The key file ${keyFile} cannot be read. Check its path and that the service may read it.`,
      { cause: error },
    );
  }
  if (key.length < KEY_BYTES_LEAST) {
    throw new BudaoError(
      'unavailable',
      'secret_damaged',
      `The key file ${keyFile} has ${key.length} bytes; at least ${KEY_BYTES_LEAST} random ones are needed. Make one ` +
        `with: head -c 32 /dev/urandom > ${keyFile}`,
    );
  }
  return key;
}
