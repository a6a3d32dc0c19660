import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BudaoError } from '../contract/errors.ts';
import { LedgerFullError } from '../ledger/errors.ts';
import { makeFolderDurably } from '../stores/files/durable-file.ts';
import { isBusy, translateSqliteError } from '../stores/ledger/sqlite-connection.ts';

/** An empty file fits even on a full disk. */
const PROBE_BYTES = 64 * 1024;

/** Where everything lies inside a data folder. */
export interface DataFolder {
  path: string;
  ledger: string;
  blobs: string;
  /** What was derived from blobs, and can be derived again. */
  derived: string;
  index: string;
  secrets: string;
  cache: string;
  /** What is known of repositories: derived. */
  backup: string;
  hubSocket: string;
}

export function dataFolderAt(path: string): DataFolder {
  return {
    path,
    ledger: join(path, 'ledger.db'),
    blobs: join(path, 'blobs'),
    derived: join(path, 'derived'),
    index: join(path, 'index'),
    secrets: join(path, 'secrets'),
    cache: join(path, 'cache'),
    backup: join(path, 'backup'),
    hubSocket: join(path, 'hub.sock'),
  };
}

/**
 * What this process and its children make from here on is for their own user only: the folder may have been made
 * beforehand, open to everybody on the machine.
 *
 * @throws BudaoError data_folder_not_writable
 */
export async function prepareDataFolder(folder: DataFolder): Promise<void> {
  process.umask(0o077);
  try {
    for (const path of [
      folder.path,
      folder.blobs,
      folder.derived,
      folder.index,
      folder.secrets,
      folder.cache,
    ]) {
      await makeFolderDurably(path);
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    }
    const probe = join(folder.path, `.probe-${process.pid}`);
    try {
      writeFileSync(probe, Buffer.alloc(PROBE_BYTES));
    } finally {
      rmSync(probe, { force: true });
    }
  } catch (error) {
    throw await notWritable(folder.path, error);
  }
}

/** @returns in words what keeps this process from storing bytes there; null where nothing does */
export function tryWriting(path: string): string | null {
  const probe = join(path, `.probe-${process.pid}`);
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES));
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(probe, { force: true });
  }
}

async function notWritable(path: string, error: unknown): Promise<BudaoError> {
  if (isFull(error)) return new LedgerFullError(error);
  const code = await reasonAt(path, error);
  const why =
    {
      EROFS: 'its file system is read-only. Mount it for writing, or choose another folder with --data-dir',
      ENOTDIR: 'there is a file, not a folder, in its place. Choose another one with --data-dir',
    }[code] ??
    `it cannot be written (${code}). Give this user read and write permission, or choose another with --data-dir`;
  return new BudaoError('invalid', 'data_folder_not_writable', `The data folder ${path}: ${why}.`, {
    cause: error,
  });
}

/** What the nearest folder that exists says; making several folders at once hides the reason. */
async function reasonAt(path: string, error: unknown): Promise<string> {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  let nearest = path;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory()) return 'ENOTDIR';
  return access(nearest, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => code,
    (reason: NodeJS.ErrnoException) => reason.code ?? code,
  );
}

/**
 * Holds the data folder for one service. The lock is SQLite's own on a file of its own: the operating system lets go
 * of it when the process ends, however it ends.
 */
export class DataFolderLock implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws BudaoError data_folder_in_use, data_folder_not_writable */
  static acquire(folder: DataFolder): DataFolderLock {
    const holderFile = join(folder.path, 'lock.json');
    let database: DatabaseSync | null = null;
    try {
      database = new DatabaseSync(join(folder.path, 'lock.db'), { timeout: 0 });
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    } catch (error) {
      database?.close();
      if (isFull(error)) throw new LedgerFullError(error);
      if (!isBusy(error)) throw foreignFiles(folder.path, error);
      throw dataFolderInUse(folder, existsSync(holderFile) ? readHolder(holderFile) : null, error);
    }
    try {
      writeFileSync(holderFile, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }));
    } catch (error) {
      // Only a hint for people: a full disk is no reason not to start.
      if (!isFull(error)) {
        database.close();
        throw foreignFiles(folder.path, error);
      }
    }
    return new DataFolderLock(database);
  }

  /** Looks without taking it. @returns the holder's process number as it has said; null when nobody holds it */
  static holder(folder: DataFolder): string | null {
    const path = join(folder.path, 'lock.db');
    if (!existsSync(path)) return null;
    const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    try {
      database.prepare('SELECT COUNT(*) FROM sqlite_master').get();
      return null;
    } catch (error) {
      if (!isBusy(error)) throw error;
      return readHolder(join(folder.path, 'lock.json'));
    } finally {
      database.close();
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

export function dataFolderInUse(
  folder: DataFolder,
  holder: number | string | null,
  cause?: unknown,
): BudaoError {
  const named = holder === null ? '' : ` (process ${holder})`;
  return new BudaoError(
    'conflict',
    'data_folder_in_use',
    `The data folder ${folder.path} is in use by another Budao${named}. ` +
      'Stop that one first, or start this one with another --data-dir and --port.',
    { cause },
  );
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || translateSqliteError(error)?.code === 'storage_full';
}

/** As after one start as another user, usually root. */
function foreignFiles(path: string, error: unknown): BudaoError {
  return new BudaoError(
    'invalid',
    'data_folder_not_writable',
    `The data folder ${path} holds files that this user may not write. Start as the user who made them, or give them to this user with chown -R.`,
    { cause: error },
  );
}

function readHolder(path: string): string {
  try {
    return String((JSON.parse(readFileSync(path, 'utf8')) as { pid: unknown }).pid);
  } catch {
    return 'unknown';
  }
}
