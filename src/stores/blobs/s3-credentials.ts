/** Keys to a bucket, from the configuration or from a file that may be replaced while the program runs. */
import { readFile } from 'node:fs/promises';
import { BudaoError } from '../../contract/errors.ts';

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string | null;
}

export interface S3CredentialsSource {
  current(): Promise<S3Credentials>;
  /** Looks again after the store has refused them. @returns whether they have changed */
  renew(): Promise<boolean>;
}

export function fixedCredentials(credentials: S3Credentials): S3CredentialsSource {
  return { current: async () => credentials, renew: async () => false };
}

/**
 * A file in the format of AWS tools (`aws_access_key_id = …` under `[default]` or another profile).
 *
 * @throws BudaoError storage_refused when it is used and cannot be read
 */
export function credentialsFromFile(path: string, profile = 'default'): S3CredentialsSource {
  let known: Promise<S3Credentials> | null = null;
  const read = async () =>
    parseCredentials(await readFile(path, 'utf8').catch(unreadable(path)), path, profile);
  return {
    current() {
      known ??= read().catch((error: unknown) => {
        known = null;
        throw error;
      });
      return known;
    },
    async renew() {
      const before = await known;
      const after = await read();
      known = Promise.resolve(after);
      return JSON.stringify(before) !== JSON.stringify(after);
    },
  };
}

function parseCredentials(text: string, path: string, profile: string): S3Credentials {
  const values = new Map<string, string>();
  let section = 'default';
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1];
    if (header !== undefined) section = header.trim();
    const [, name, value] = /^\s*([a-z_]+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (section === profile && name !== undefined && value !== undefined) values.set(name, value);
  }
  const accessKeyId = values.get('aws_access_key_id');
  const secretAccessKey = values.get('aws_secret_access_key');
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw credentialsError(
      `The credentials file ${path} has no aws_access_key_id and aws_secret_access_key under [${profile}].`,
    );
  }
  return { accessKeyId, secretAccessKey, sessionToken: values.get('aws_session_token') ?? null };
}

function unreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    throw credentialsError(
      `The credentials file ${path} cannot be read (${error.code}). Check its path, owner and permissions.`,
    );
  };
}

function credentialsError(message: string): BudaoError {
  return new BudaoError('unavailable', 'storage_refused', message);
}
