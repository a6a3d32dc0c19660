import { BudaoError } from '../contract/errors.ts';

export class LedgerBusyError extends BudaoError {
  constructor(waitedMs: number, cause?: unknown) {
    super(
      'unavailable',
      'ledger_busy',
      `The ledger was locked for ${Math.round(waitedMs)} ms by another process. Try again in a moment.`,
      { cause },
    );
  }
}

export class LedgerFullError extends BudaoError {
  constructor(cause?: unknown) {
    super(
      'unavailable',
      'storage_full',
      'The disk that holds the data folder is full. Free some space or enlarge the volume; nothing stored before is lost.',
      { cause },
    );
  }
}

export class LedgerCorruptError extends BudaoError {
  constructor(cause?: unknown) {
    super(
      'unavailable',
      'ledger_corrupt',
      'The ledger file is damaged. Stop the service, keep the data folder as it is, and restore from a backup.',
      { cause },
    );
  }
}

export class LedgerUnavailableError extends BudaoError {
  constructor(message: string, cause?: unknown) {
    super('unavailable', 'ledger_unavailable', message, { cause });
  }
}

/** A lock that could not be had, or a full disk, says nothing about whether the ledger can be read. */
const STILL_READABLE: ReadonlySet<string> = new Set(['ledger_busy', 'storage_full']);

/** The ledger as a whole does not answer, whatever it is asked. */
export function isLedgerAway(error: unknown): boolean {
  return (
    error instanceof BudaoError &&
    error.kind === 'unavailable' &&
    error.code.startsWith('ledger_') &&
    !STILL_READABLE.has(error.code)
  );
}
