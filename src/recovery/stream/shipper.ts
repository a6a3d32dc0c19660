/** Reads the ledger's log again and again, and hands what has changed to every repository. */
import { hashesIn, type NamedContents } from './pending-changes.ts';
import type { LedgerLog, LogChanges } from './ports.ts';
import type { StreamSink } from './stream-sink.ts';
import type { StreamState } from './stream-state.ts';

/** Of what is stored a last time when the service ends. */
const FINISH_MS = 5_000;

export class Shipper implements AsyncDisposable {
  readonly #log: LedgerLog;
  readonly #sinks: readonly StreamSink[];
  readonly #onStates: (states: StreamState[]) => void;
  readonly #timer: NodeJS.Timeout;
  #failure: { error: unknown } | null = null;

  /** @param options.onBroken the log cannot be followed further: everything begins anew, in a new process */
  constructor(options: {
    log: LedgerLog;
    sinks: readonly StreamSink[];
    intervalMs: number;
    onStates: (states: StreamState[]) => void;
    onBroken: (error: unknown) => void;
  }) {
    this.#log = options.log;
    this.#sinks = options.sinks;
    this.#onStates = options.onStates;
    const look = (): void => {
      try {
        this.look();
      } catch (error) {
        clearInterval(this.#timer);
        this.#failure = { error };
        options.onBroken(error);
      }
    };
    this.#timer = setInterval(look, options.intervalMs);
    setImmediate(look);
  }

  /** @throws BudaoError ledger_log_broken */
  look(): void {
    for (const sink of this.#sinks) {
      sink.prepare();
      if (!sink.needsPicture) continue;
      const { changes, picture } = this.#log.takeWithPicture();
      this.#note(changes);
      sink.beginBase(picture);
    }
    this.#note(this.#log.take());
    for (const sink of this.#sinks) sink.ship();
    this.#log.keepShort();
    this.#onStates(this.#sinks.map((sink) => sink.state()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    if (this.#failure === null) {
      this.#note(this.#log.take());
      await Promise.all(this.#sinks.map((sink) => sink.finish(FINISH_MS)));
    }
    for (const sink of this.#sinks) await sink[Symbol.asyncDispose]();
    this.#log[Symbol.dispose]();
  }

  #note(changes: LogChanges): void {
    const named = this.#namedIn(changes);
    for (const sink of this.#sinks) sink.note(changes, named);
  }

  #namedIn({ pages }: LogChanges): NamedContents {
    const hashes = hashesIn(pages.values());
    if (hashes.length === 0) return { documents: [], others: [] };
    const documents = this.#log.documentsOf(hashes);
    const known = new Set(documents.map(({ sha256 }) => sha256));
    return { documents, others: hashes.filter((hash) => !known.has(hash)) };
  }
}
