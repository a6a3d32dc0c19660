import { isLedgerAway } from '../errors.ts';
import type { Ledger, Sql } from '../ledger.ts';

/** Since when the ledger does not answer, as the reads of this process see it. */
export class LedgerWatch {
  #awaySinceMs: number | null = null;
  #reason: unknown;

  /** How long it has been away, or null while it answers. */
  get awayMs(): number | null {
    return this.#awaySinceMs === null ? null : performance.now() - this.#awaySinceMs;
  }

  /** Of the last read that failed. */
  get reason(): unknown {
    return this.#reason;
  }

  noteAnswer(): void {
    this.#awaySinceMs = null;
  }

  /** The outage began when the first read that failed was asked, which waited for its end for a while. */
  noteFailure(error: unknown, askedAtMs: number): void {
    if (!isLedgerAway(error)) return;
    this.#awaySinceMs ??= askedAtMs;
    this.#reason = error;
  }
}

/** The same ledger; `watch` learns from each of its reads. */
export function watchReads(ledger: Ledger, watch: LedgerWatch): Ledger {
  const observed = async <T>(read: Promise<T>): Promise<T> => {
    const askedAtMs = performance.now();
    try {
      const answer = await read;
      watch.noteAnswer();
      return answer;
    } catch (error) {
      watch.noteFailure(error, askedAtMs);
      throw error;
    }
  };
  const { read } = ledger;
  return withReads(ledger, {
    all: (statement, params) => observed(read.all(statement, params)),
    get: (statement, params) => observed(read.get(statement, params)),
    run: (statement, params) => observed(read.run(statement, params)),
  });
}

/** The same ledger with other reads, and other transactions where they are given. */
export function withReads(
  ledger: Ledger,
  read: Sql,
  transaction: Ledger['transaction'] = (work, options) => ledger.transaction(work, options),
): Ledger {
  return {
    get continuity() {
      return ledger.continuity;
    },
    read,
    transaction,
    checkIntegrity: () => ledger.checkIntegrity(),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}
