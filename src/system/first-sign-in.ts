import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findAccountByUsername } from '../access/account-rows.ts';
import { FIRST_USERNAME } from '../access/bootstrap.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { writeDurably } from '../stores/files/durable-file.ts';
import type { DataFolder } from './data-folder.ts';

/** How to sign in for the first time. */
export interface FirstSignIn {
  username: string;
  password: string;
}

/** Kept in the data folder, readable by its owner alone, until the password has been changed. */
export async function rememberFirstSignIn(folder: DataFolder, signIn: FirstSignIn): Promise<void> {
  await writeDurably(pathIn(folder), `${JSON.stringify(signIn)}\n`, 0o600);
}

/** Null once the first password has been changed. */
export async function readFirstSignIn(folder: DataFolder, ledger: Ledger): Promise<FirstSignIn | null> {
  const text = await readFile(pathIn(folder), 'utf8').catch(() => null);
  if (text === null) return null;
  const account = await findAccountByUsername(ledger.read, FIRST_USERNAME);
  const signIn = parse(text);
  if (account?.password_changed_at === 0 && signIn !== null) return signIn;
  await rm(pathIn(folder), { force: true });
  return null;
}

/** As it is kept, for a snapshot: whoever restores may be the first to need it. Null where there is none. */
export async function keptFirstSignIn(folder: DataFolder): Promise<Buffer | null> {
  return readFile(pathIn(folder)).catch(() => null);
}

export async function keepFirstSignIn(folder: DataFolder, content: Buffer): Promise<void> {
  await writeDurably(pathIn(folder), content, 0o600);
}

/** Null for a file that a person or a disk has spoilt: a hint for people is no reason not to start. */
function parse(text: string): FirstSignIn | null {
  try {
    return JSON.parse(text) as FirstSignIn;
  } catch {
    return null;
  }
}

function pathIn(folder: DataFolder): string {
  return join(folder.secrets, 'first-sign-in.json');
}
