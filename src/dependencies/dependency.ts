/** Something that the service rests on and that may fail: never asked too long, too often, by too many, or in vain. */
import {
  type BulkheadPolicy,
  BulkheadRejectedError,
  bulkhead,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import { BudaoError } from '../contract/errors.ts';
import {
  Circuit,
  type CircuitChange,
  type CircuitOptions,
  DEFAULT_CIRCUIT,
  type Forcing,
} from './circuit.ts';
import type { DependencyState } from './dependency-state.ts';
import { Durations, hedged } from './hedge.ts';
import { dependencyBusy, dependencyResting, dependencyTimeout } from './refusals.ts';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';

export type DependencyKind = 'model' | 'embedder' | 'index' | 'blobs' | 'reranker';

export interface DependencyOptions {
  /** Unique in a process, and the same in all processes. */
  name: string;
  kind: DependencyKind;
  circuit?: Partial<CircuitOptions>;
  /** So many calls at once, so many more that wait, and no longer than this. */
  bulkhead?: Partial<BulkheadOptions>;
  /** For one try of `call`; null leaves the time to the callee. */
  timeoutMs?: number | null;
  retries?: Partial<RetryBudgetOptions>;
  /** Whether an error speaks against the dependency's health, rather than against the request. */
  isFailure?: (error: unknown) => boolean;
  /** Asked now and then while calls are kept away; resolves when it looks well. */
  probe?: (signal: AbortSignal) => Promise<void>;
}

export interface BulkheadOptions {
  calls: number;
  queue: number;
  queueMs: number;
}

const DEFAULT_BULKHEAD: BulkheadOptions = { calls: 64, queue: 64, queueMs: 2_000 };
const PROBE_EVERY_MS = 2_000;
const PROBE_TIMEOUT_MS = 2_000;

/** A call that holds a place until its end; `end` settles what was neither good nor bad. */
export interface OpenCall {
  succeed(): void;
  fail(reason: unknown): Promise<void>;
  end(): void;
}

export class Dependency implements Disposable {
  readonly name: string;
  readonly kind: DependencyKind;
  readonly retries: RetryBudget;
  /** Told of every change of the circuit. */
  onChange: (change: CircuitChange) => void = () => {};
  /** Told what was said of a single request. Its words may quote the request: they are for the log alone. */
  onRefusal: (error: unknown) => void = () => {};
  readonly #options: DependencyOptions;
  readonly #circuit: Circuit;
  readonly #isFailure: (error: unknown) => boolean;
  readonly #bulkhead: BulkheadPolicy;
  readonly #limits: BulkheadOptions;
  readonly #durations = new Durations();
  readonly #counts = { calls: 0, failures: 0, refused: 0, hedges: 0, hedgesWon: 0 };
  #lastError: DependencyState['lastError'] = null;
  #changedAt = Date.now();
  #wasClosed = true;
  #probeTimer: NodeJS.Timeout | null = null;

  constructor(options: DependencyOptions) {
    this.name = options.name;
    this.kind = options.kind;
    this.#options = options;
    this.#limits = { ...DEFAULT_BULKHEAD, ...options.bulkhead };
    this.#bulkhead = bulkhead(this.#limits.calls, this.#limits.queue);
    this.retries = new RetryBudget(options.retries);
    this.#isFailure = options.isFailure ?? (() => true);
    this.#circuit = new Circuit({ ...DEFAULT_CIRCUIT, ...options.circuit }, this.#isFailure, (change) =>
      this.#changed(change),
    );
  }

  /** Whether a call would be let through now. */
  get isUsable(): boolean {
    return this.#circuit.admits();
  }

  get state(): DependencyState {
    const circuit = this.#circuit;
    return {
      name: this.name,
      kind: this.kind,
      condition: circuit.condition,
      forced: circuit.forced,
      isUsable: circuit.admits(),
      isTrusted: circuit.isTrusted,
      changedAt: this.#changedAt,
      nextTryAt: circuit.restsUntil,
      lastError: this.#lastError,
      inFlight: this.#limits.calls - this.#bulkhead.executionSlots,
      waiting: this.#limits.queue - this.#bulkhead.queueSlots,
      p95Ms: this.#durations.p95Ms,
      ...this.#counts,
      retries: this.retries.taken,
      retriesRefused: this.retries.refused,
    };
  }

  force(forced: Forcing): void {
    this.#circuit.force(forced);
  }

  /** There is a sign of recovery: the next call is let through as a probe. */
  endRest(): void {
    this.#circuit.endRest();
  }

  /** @throws BudaoError dependency_resting, dependency_busy; whatever aborted the signal */
  async enter(signal?: AbortSignal): Promise<OpenCall> {
    signal?.throwIfAborted();
    if (!this.#circuit.admits()) throw this.#resting();
    const release = await this.#takePlace(signal);
    const passage = await this.#circuit.enter();
    if (passage === null) {
      release();
      throw this.#resting();
    }
    this.#counts.calls++;
    this.retries.countCall();
    return {
      succeed: () => {
        this.#lastError = null;
        passage.succeed();
      },
      fail: async (reason) => {
        this.#counts.failures++;
        this.#lastError = this.#describe(reason);
        await passage.fail(reason);
      },
      end: () => {
        passage.abandon();
        release();
      },
    };
  }

  /** One call with everything around it. `hedge` is for reads that may be done twice at once. */
  async call<T>(
    work: (signal: AbortSignal) => Promise<T>,
    options: { signal?: AbortSignal | undefined; hedge?: boolean } = {},
  ): Promise<T> {
    const { signal = new AbortController().signal, hedge = false } = options;
    const open = await this.enter(signal);
    const startedMs = performance.now();
    try {
      const value = await this.#within(signal, (limited) =>
        hedge ? this.#hedge(work, limited) : work(limited),
      );
      this.#durations.add(performance.now() - startedMs);
      open.succeed();
      return value;
    } catch (error) {
      if (signal.aborted) throw error;
      if (this.#isFailure(error)) await open.fail(error);
      else open.succeed();
      throw error;
    } finally {
      open.end();
    }
  }

  [Symbol.dispose](): void {
    if (this.#probeTimer !== null) clearInterval(this.#probeTimer);
    this.#probeTimer = null;
  }

  #resting(): BudaoError {
    const { forced, restsUntil } = this.#circuit;
    this.#counts.refused++;
    return dependencyResting(this.name, forced, restsUntil, this.#lastError?.message ?? null);
  }

  /** What everybody may read who sees how the service is doing. */
  #describe(reason: unknown): DependencyState['lastError'] {
    const code = reason instanceof BudaoError ? reason.code : 'internal_error';
    const at = Date.now();
    if (!this.#isFailure(reason)) {
      this.onRefusal(reason);
      return { code, message: `"${this.name}" refused a request. The log has its words.`, at };
    }
    return { code, message: reason instanceof Error ? reason.message : String(reason), at };
  }

  async #takePlace(signal: AbortSignal | undefined): Promise<() => void> {
    const taken = Promise.withResolvers<() => void>();
    const released = Promise.withResolvers<void>();
    let gaveUp = false;
    // Noted at once: a place that becomes free before this one's waiter hears of it would be taken, and kept, by nobody.
    const giveUp = (reason: unknown): void => {
      gaveUp = true;
      taken.reject(reason);
    };
    const holding = this.#bulkhead.execute(() => {
      if (gaveUp) return undefined;
      taken.resolve(released.resolve);
      return released.promise;
    });
    holding.catch((error: unknown) => {
      giveUp(error instanceof BulkheadRejectedError ? dependencyBusy(this.name, this.#limits) : error);
    });
    const timer = setTimeout(() => giveUp(dependencyBusy(this.name, this.#limits)), this.#limits.queueMs);
    const leave = (): void => giveUp(signal?.reason);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await taken.promise;
    } catch (error) {
      this.#counts.refused++;
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
  }

  async #within<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMs = null } = this.#options;
    if (timeoutMs === null) return work(signal);
    try {
      return await timeout(timeoutMs, TimeoutStrategy.Aggressive).execute(
        (limited) => work(limited.signal),
        signal,
      );
    } catch (error) {
      throw error instanceof TaskCancelledError && !signal.aborted
        ? dependencyTimeout(this.name, timeoutMs)
        : error;
    }
  }

  async #hedge<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const afterMs = this.#durations.p95Ms;
    if (afterMs === null) return work(signal);
    const mayHedge = (): boolean => {
      const may = this.retries.take();
      if (may) this.#counts.hedges++;
      return may;
    };
    const { value, hedgeWon } = await hedged({ work, signal, afterMs, mayHedge });
    if (hedgeWon) this.#counts.hedgesWon++;
    return value;
  }

  #changed(change: CircuitChange): void {
    // A circuit that opens again after its probe has been open all the while.
    const isClosed = change === 'closed';
    if (isClosed !== this.#wasClosed) this.#changedAt = Date.now();
    this.#wasClosed = isClosed;
    if (change === 'closed') this[Symbol.dispose]();
    if (change === 'opened' && this.#circuit.forced === 'auto') this.#startProbing();
    this.onChange(change);
  }

  #startProbing(): void {
    const { probe } = this.#options;
    if (probe === undefined || this.#probeTimer !== null) return;
    this.#probeTimer = setInterval(() => {
      if (this.#circuit.admits() || this.#circuit.condition !== 'open') return;
      probe(AbortSignal.timeout(PROBE_TIMEOUT_MS)).then(
        () => this.#circuit.endRest(),
        () => {},
      );
    }, PROBE_EVERY_MS);
    this.#probeTimer.unref();
  }
}
