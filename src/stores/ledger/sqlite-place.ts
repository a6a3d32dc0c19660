import { statSync } from 'node:fs';
import { LedgerUnavailableError } from '../../ledger/errors.ts';

/** Between two looks. What is written meanwhile to a file that was moved away is in it when it comes back. */
const LOOK_INTERVAL_MS = 100;

/**
 * Whether the ledger's file still is where it was opened. An open file works on wherever it is moved to; but whoever
 * starts then would make an empty one in its place, and what two of them write never comes together again.
 */
export class SqlitePlace {
  readonly #path: string;
  /** Null for one in memory, which has no place. */
  #identity: string | null;
  #lookedMs = performance.now();

  /** Of a file that is open. @throws LedgerUnavailableError */
  constructor(path: string) {
    this.#path = path;
    this.#identity = path === ':memory:' ? null : identityOf(path);
  }

  /**
   * @returns false when another file has taken its place, as after a copy was put back
   * @throws LedgerUnavailableError when there is none
   */
  isSame(): boolean {
    const nowMs = performance.now();
    if (this.#identity === null || nowMs - this.#lookedMs < LOOK_INTERVAL_MS) return true;
    const identity = identityOf(this.#path);
    if (identity !== this.#identity) return false;
    this.#lookedMs = nowMs;
    return true;
  }

  /** The file that is there now is open. */
  accept(): void {
    this.#identity = identityOf(this.#path);
  }
}

function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (found === undefined) throw ledgerFileGone(path);
  return `${found.dev} ${found.ino}`;
}

export function ledgerFileGone(path: string): LedgerUnavailableError {
  return new LedgerUnavailableError(
    `The ledger file ${path} is gone: it was moved away, or its disk is not mounted. Put it back where it was, with its ` +
      'neighbours that end in -wal and -shm; nothing that was stored is lost.',
  );
}

export function notTheLedger(path: string): LedgerUnavailableError {
  return new LedgerUnavailableError(
    `Another file stands where the ledger was, ${path}, and it is none of this program's. Put the ledger back.`,
  );
}
