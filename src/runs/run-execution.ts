import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import type { EventWriter } from './event-writer.ts';
import { type InterruptionReason, RunInterruption } from './interruption.ts';
import type { Run, RunContext, RunEvent } from './run.ts';
import { holdsRun } from './run-claims.ts';

/** What a handler gets to notice its signal and to clean up. */
const ABANDON_MS = 10_000;
const STEP_COMPLETED = 'step.completed';

/** One claim of one run, as its handler sees it. */
export class RunExecution implements RunContext<unknown> {
  readonly run: Run;
  readonly #writer: EventWriter;
  readonly #ledger: Ledger;
  readonly #controller = new AbortController();
  readonly #deadline: NodeJS.Timeout;
  readonly #abandonMs: number;
  readonly #abandon = Promise.withResolvers<never>();
  #abandonTimer: NodeJS.Timeout | null = null;
  #ended = false;
  history: readonly RunEvent[] = [];
  interruption: InterruptionReason | null = null;

  constructor(run: Run, writer: EventWriter, options: { ledger: Ledger; abandonMs?: number }) {
    this.run = run;
    this.#writer = writer;
    this.#ledger = options.ledger;
    this.#abandonMs = options.abandonMs ?? ABANDON_MS;
    const remainingMs = Math.max(0, run.deadlineAt - ledgerTime());
    this.#deadline = setTimeout(() => this.interrupt('deadline'), Math.min(remainingMs, 2 ** 31 - 1));
    // Nobody looks at it yet while the history is being read, which may take longer.
    this.#abandon.promise.catch(() => {});
  }

  get input(): unknown {
    return this.run.input;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Rejects for a handler that goes on long after its signal: nobody waits for it any more. */
  get abandoned(): Promise<never> {
    return this.#abandon.promise;
  }

  /** The first reason counts. */
  interrupt(reason: InterruptionReason): void {
    if (this.interruption !== null || this.#ended) return;
    this.interruption = reason;
    const interruption = new RunInterruption(reason);
    this.#controller.abort(interruption);
    this.#abandonTimer = setTimeout(() => this.#abandon.reject(interruption), this.#abandonMs);
    if (reason === 'lease_lost' || reason === 'shutdown') this.#writer.close(this.run, interruption);
  }

  dispose(): void {
    this.#ended = true;
    clearTimeout(this.#deadline);
    if (this.#abandonTimer !== null) clearTimeout(this.#abandonTimer);
  }

  async step<T>(name: string, work: () => Promise<T>, options: { lazy?: boolean } = {}): Promise<T> {
    const done = this.history.find((event) => event.type === STEP_COMPLETED && stepName(event) === name);
    if (done !== undefined) return (done.payload as { result: T }).result;
    const result = await work();
    const durable = this.#writer.append(this.run, STEP_COMPLETED, { name, result }, true);
    if (options.lazy === true) durable.catch(this.stopWriting);
    else await durable;
    return result;
  }

  emit(type: string, payload: unknown, options: { progress?: boolean; lazy?: boolean } = {}): Promise<void> {
    const durable = this.#writer.append(this.run, type, payload, options.progress ?? true, options.lazy);
    // A caller that streams does not wait for every piece; a lost lease still stops it through the signal.
    durable.catch(this.stopWriting);
    return durable;
  }

  stream(type: string, text: string): void {
    this.#writer.appendText(this.run, type, text);
  }

  /** An event that could not be appended ends this claim: by its fence, or by the reason that the handler then throws. */
  readonly stopWriting = (error: unknown): void => {
    if (error instanceof RunInterruption) this.interrupt(error.reason);
    else this.#controller.abort(error);
  };

  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    const { id: runId, owner, epoch } = this.run;
    return this.#ledger.transaction(async (tx) => {
      if (owner === null || !(await holdsRun(tx, { runId, owner, epoch })))
        throw new RunInterruption('lease_lost');
      return work(tx);
    });
  }
}

function stepName(event: RunEvent): unknown {
  return (event.payload as { name?: unknown }).name;
}
