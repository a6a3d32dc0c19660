import type { Ledger } from '../ledger/ledger.ts';
import type { Meter } from './signals/meter.ts';

/** The same ledger; counts its transactions, and how long they take. Reads pass it by. */
export function meterLedger(ledger: Ledger, meter: Meter): Ledger {
  return {
    get continuity() {
      return ledger.continuity;
    },
    read: ledger.read,
    async transaction(work, options) {
      const startedMs = performance.now();
      let isRefused = false;
      try {
        return await ledger.transaction(async (tx) => {
          try {
            return await work(tx);
          } catch (error) {
            // The work itself said no, such as to a name that is taken: the ledger is well.
            isRefused = true;
            throw error;
          }
        }, options);
      } catch (error) {
        if (!isRefused) meter.count('ledger_failures');
        throw error;
      } finally {
        meter.count('ledger_commits');
        meter.time('commit_time', (performance.now() - startedMs) / 1_000);
      }
    },
    checkIntegrity: () => ledger.checkIntegrity(),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}
