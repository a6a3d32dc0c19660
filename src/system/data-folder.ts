import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BudaoError } from '../contract/errors.ts';
import { makeFolderDurably } from '../stores/files/durable-file.ts';

/** Unix sockets have paths of at most 107 bytes. */
const MAX_SOCKET_PATH_BYTES = 100;

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
  hubSocket: string;
}

export function dataFolderAt(path: string): DataFolder {
  const socket = join(path, 'hub.sock');
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return {
    path,
    ledger: join(path, 'ledger.db'),
    blobs: join(path, 'blobs'),
    derived: join(path, 'derived'),
    index: join(path, 'index'),
    secrets: join(path, 'secrets'),
    cache: join(path, 'cache'),
    hubSocket:
      Buffer.byteLength(socket) <= MAX_SOCKET_PATH_BYTES ? socket : join(tmpdir(), `budao-${name}.sock`),
  };
}

/** @throws BudaoError data_folder_not_writable */
export async function prepareDataFolder(folder: DataFolder): Promise<void> {
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
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOSPC'
        ? 'the disk is full. Free some space and start again; nothing stored before is lost'
        : `it cannot be written (${code ?? 'unknown error'}). Give this user read and write permission, or choose another with --data-dir`;
    throw new BudaoError(
      'invalid',
      'data_folder_not_writable',
      `The data folder ${path ?? folder.path}: ${why}.`,
      {
        cause: error,
      },
    );
  }
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

  /** @throws BudaoError data_folder_in_use */
  static acquire(folder: DataFolder): DataFolderLock {
    const holderFile = join(folder.path, 'lock.json');
    const database = new DatabaseSync(join(folder.path, 'lock.db'), { timeout: 0 });
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      const holder = existsSync(holderFile) ? ` (process ${readHolder(holderFile)})` : '';
      throw new BudaoError(
        'conflict',
        'data_folder_in_use',
        `The data folder ${folder.path} is in use by another Budao${holder}. ` +
          'Stop that one first, or start this one with another --data-dir and --port.',
        { cause: error },
      );
    }
    writeFileSync(holderFile, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }));
    return new DataFolderLock(database);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function readHolder(path: string): string {
  try {
    return String((JSON.parse(readFileSync(path, 'utf8')) as { pid: unknown }).pid);
  } catch {
    return 'unknown';
  }
}
