import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { markSeen } from './process-table.ts';

const INTERVAL_MS = 1_000;

/** Says once a second that the processes of this node are there. */
export class NodeHeartbeat implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #beating = false;

  constructor(options: { ledger: Ledger; node: string; onError: (error: unknown) => void }) {
    const { ledger, node, onError } = options;
    this.#timer = setInterval(() => {
      if (this.#beating) return;
      this.#beating = true;
      void ledger
        .transaction((tx) => markSeen(tx, node, ledgerTime()), { relaxed: true })
        .catch(onError)
        .finally(() => (this.#beating = false));
    }, INTERVAL_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
