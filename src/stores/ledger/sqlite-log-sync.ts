import { type FileHandle, open } from 'node:fs/promises';
import { LedgerUnavailableError } from '../../ledger/errors.ts';

/**
 * Makes durable what was committed without waiting for the disk, beside the thread that commits. SQLite locks its main
 * file and its shared memory, never its log: opening that a second time takes nobody's lock away.
 */
export class SqliteLogSync implements AsyncDisposable {
  readonly #path: string;
  #file: Promise<FileHandle> | null = null;

  /** @param databasePath - of the main file; its log lies beside it as long as any connection is open. */
  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`;
  }

  /** @throws LedgerUnavailableError when the disk refuses: then it is not known what is durable. */
  async sync(): Promise<void> {
    this.#file ??= open(this.#path, 'r');
    try {
      await (await this.#file).datasync();
    } catch (error) {
      this.#file = null;
      throw new LedgerUnavailableError(
        'The disk that holds the database did not confirm what was written. Look at the disk, and ask again.',
        error,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#file?.catch(() => undefined))?.close();
  }
}
