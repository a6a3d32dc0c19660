import type { Ledger } from '../../ledger/ledger.ts';
import { ProcessGauges } from './measure-process.ts';
import type { Meter } from './meter.ts';
import { writeProcessSignals } from './process-signals.ts';
import { encodeSnapshot } from './snapshot.ts';

export const REPORT_INTERVAL_MS = 5_000;

/** Writes what a process measures of itself into its row, every few seconds. */
export class SignalReporter implements Disposable {
  readonly #options: ReporterOptions;
  readonly #gauges = new ProcessGauges();
  readonly #timer: NodeJS.Timeout;
  #reporting = false;
  #ended = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.report(), options.intervalMs ?? REPORT_INTERVAL_MS);
    this.#timer.unref();
  }

  /** A report that the ledger does not take is not repeated: the next one says more. */
  async report(): Promise<void> {
    if (this.#reporting) return;
    this.#reporting = true;
    const { ledger, meter, processId, sample } = this.#options;
    try {
      this.#gauges.measure(meter);
      await sample?.(meter);
      const signals = encodeSnapshot(meter);
      // Nobody was told of it, so it need not be synced.
      const isKnown = await ledger.transaction((tx) => writeProcessSignals(tx, { id: processId, signals }), {
        relaxed: true,
      });
      if (!isKnown && !this.#ended) await this.#options.enter?.();
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#reporting = false;
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#gauges[Symbol.dispose]();
  }
}

export interface ReporterOptions {
  ledger: Ledger;
  meter: Meter;
  processId: string;
  /** Further gauges, measured just before each report. */
  sample?: (meter: Meter) => void | Promise<void>;
  intervalMs?: number;
  /** Called by a process that the table does not know: it was silent for so long that the others have forgotten it. */
  enter?: () => Promise<void>;
  onError(error: unknown): void;
}
