import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../contract/errors.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { availableTopic, type Channel, RUN_CANCELLED, RUNS_AVAILABLE } from './channel.ts';
import { ClaimTurns } from './claim-queues.ts';
import { EventWriter } from './event-writer.ts';
import { RunInterruption } from './interruption.ts';
import type { Run, RunFailure, RunHandler, RunOutcome } from './run.ts';
import { claimableKinds, claimRun, claimRuns, postponeRun, releaseOwner, renewLeases } from './run-claims.ts';
import { deferRun, RunDeferral } from './run-deferral.ts';
import { RunExecution } from './run-execution.ts';
import { readEvents } from './run-store.ts';

export const LEASE_MS = 2_000;
const HEARTBEAT_MS = 500;
/** Of a slow ledger no more is asked; a second one may pass where the first hangs on a connection that is dead. */
const MOST_RENEWALS = 2;
/** The fall-back when every hint is lost. Looking is a read; only a hit takes the write lock. */
const POLL_MS = 250;
/** Of a flood of new runs only the kinds are remembered: they are claimed together. */
const MOST_HINTED_RUNS = 8;
const MAX_RETRY_DELAY_MS = 30_000;
const MAX_EVENTS_READ = 1_000_000;

/** What the worker reports to whoever keeps statistics and logs. */
export interface WorkerObserver {
  onClaimed?(run: Run): void;
  onEnded?(run: Run, status: string): void;
  onError?(run: Run | null, error: unknown): void;
}

export interface RunWorkerOptions {
  ledger: Ledger;
  channel: Channel;
  /** Unique for each start of the process. */
  owner: string;
  handlers: readonly RunHandler<never>[];
  observer?: WorkerObserver;
  /** How long a handler may go on after its signal before its place is given to another run. */
  abandonMs?: number;
}

const NOTHING_CLAIMED = { runs: [], continuity: 0 };

/** Claims runs and works on them until it is disposed; then it gives back what it still holds. */
export class RunWorker implements AsyncDisposable {
  readonly #options: RunWorkerOptions;
  readonly #writer: EventWriter;
  readonly #executions = new Map<string, RunExecution>();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  readonly #poll: NodeJS.Timeout;
  readonly #turns = new ClaimTurns();
  /** Kinds and new runs that hints have named; `null` stands for a look at everything. */
  #hinted = new Set<string | null>();
  #hintedRuns = new Map<string, string>();
  #renewals = 0;
  #claiming = false;
  #claimAgain = false;
  #stopped = false;

  constructor(options: RunWorkerOptions) {
    this.#options = options;
    const { ledger, channel, owner, handlers } = options;
    const onError = (error: unknown): void => options.observer?.onError?.(null, error);
    this.#writer = new EventWriter({ ledger, channel, owner, onError });
    this.#unsubscribe.push(
      channel.subscribe(RUNS_AVAILABLE, (kind) => this.#wake(kind)),
      ...handlers.map(({ kind }) => channel.subscribe(availableTopic(kind), (id) => this.#wake(kind, id))),
      channel.subscribe(RUN_CANCELLED, (runId) => this.#executions.get(runId)?.interrupt('cancelled')),
    );
    this.#heartbeat = setInterval(() => void this.#renew(), HEARTBEAT_MS);
    this.#poll = setInterval(() => void this.#lookForWork(), POLL_MS);
    this.#wake();
  }

  /** Ids of the runs that this process holds now. */
  get heldRunIds(): string[] {
    return [...this.#executions.keys()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#heartbeat);
    clearInterval(this.#poll);
    for (const end of this.#unsubscribe) end();
    for (const execution of this.#executions.values()) execution.interrupt('shutdown');
    while (this.#claiming) await sleep(5);
    const released = await this.#options.ledger.transaction((tx) =>
      releaseOwner(tx, this.#options.owner, 'leaving'),
    );
    if (released > 0) this.#options.channel.publish(RUNS_AVAILABLE, '');
  }

  async #lookForWork(): Promise<void> {
    const kinds = this.#freeSlots().map(([handler]) => handler.kind);
    if (kinds.length === 0 || this.#claiming) return;
    try {
      if ((await claimableKinds(this.#options.ledger.read, kinds, ledgerTime())).size > 0) this.#wake();
    } catch (error) {
      this.#options.observer?.onError?.(null, error);
    }
  }

  /** A hint that names a kind saves looking for what waits. */
  #wake(kind = '', runId = ''): void {
    if (this.#stopped) return;
    if (runId !== '' && this.#hintedRuns.size < MOST_HINTED_RUNS) this.#hintedRuns.set(runId, kind);
    else this.#hinted.add(kind === '' ? null : kind);
    this.#claimAgain = true;
    if (!this.#claiming) void this.#claimAll();
  }

  async #claimAll(): Promise<void> {
    this.#claiming = true;
    try {
      while (this.#claimAgain && !this.#stopped) {
        this.#claimAgain = false;
        const { runs, continuity } = await (this.#hintedRuns.size > 0 ? this.#claimHinted() : this.#claim());
        for (const run of runs) this.#start(run, continuity);
      }
    } catch (error) {
      this.#options.observer?.onError?.(null, error);
    } finally {
      this.#claiming = false;
    }
  }

  async #claim(): Promise<{ runs: Run[]; continuity: number }> {
    const free = this.#freeSlots();
    if (free.length === 0) return NOTHING_CLAIMED;
    const { ledger, owner } = this.#options;
    const kinds = free.map(([handler]) => handler.kind);
    // A hint tells of a new run. Looking for what a dead process left behind is for the poll.
    const takeExpired = this.#hinted.size === 0 || this.#hinted.has(null);
    const waiting = takeExpired ? await claimableKinds(ledger.read, kinds, ledgerTime()) : this.#hinted;
    this.#hinted = new Set();
    const slots = free.filter(([handler]) => waiting.has(handler.kind));
    if (slots.length === 0) return NOTHING_CLAIMED;
    const claimSlots = async (tx: Sql): Promise<{ runs: Run[]; continuity: number }> => {
      const claimed: Run[] = [];
      const { continuity } = ledger;
      for (const [{ kind }, limit] of slots) {
        const now = ledgerTime();
        const request = {
          owner,
          kind,
          limit,
          now,
          leaseUntil: now + LEASE_MS,
          takeExpired,
          turns: this.#turns,
        };
        claimed.push(...(await claimRuns(tx, request)));
      }
      return { runs: claimed, continuity };
    };
    return ledger.transaction(claimSlots, { relaxed: true });
  }

  /** The usual case, a new question and a worker with time for it: neither queues nor shares have to be looked at. */
  async #claimHinted(): Promise<{ runs: Run[]; continuity: number }> {
    const hinted = this.#hintedRuns;
    this.#hintedRuns = new Map();
    // What else was hinted at follows.
    this.#claimAgain ||= this.#hinted.size > 0;
    const free = new Map(this.#freeSlots().map(([handler, slots]) => [handler.kind, slots]));
    const { ledger, owner } = this.#options;
    const claimAll = async (tx: Sql): Promise<{ runs: Run[]; continuity: number }> => {
      const claimed: Run[] = [];
      const { continuity } = ledger;
      const left = new Map(free);
      for (const [runId, kind] of hinted) {
        const slots = left.get(kind) ?? 0;
        if (slots === 0) continue;
        const now = ledgerTime();
        const run = await claimRun(tx, { owner, runId, now, leaseUntil: now + LEASE_MS });
        if (run === null) continue;
        claimed.push(run);
        left.set(kind, slots - 1);
      }
      return { runs: claimed, continuity };
    };
    return ledger.transaction(claimAll, { relaxed: true });
  }

  #freeSlots(): [RunHandler<never>, number][] {
    const held = [...this.#executions.values()];
    return this.#options.handlers
      .map((handler): [RunHandler<never>, number] => {
        const working = held.filter((execution) => execution.run.kind === handler.kind).length;
        return [handler, handler.concurrency - working];
      })
      .filter(([, free]) => free > 0);
  }

  #start(run: Run, continuity: number): void {
    const handler = this.#options.handlers.find((candidate) => candidate.kind === run.kind);
    if (handler === undefined) throw new Error(`no handler for the claimed kind ${run.kind}`);
    this.#options.observer?.onClaimed?.(run);
    // After a freeze the worker may itself be the one who takes its run over.
    this.#executions.get(run.id)?.interrupt('lease_lost');
    const execution = new RunExecution(run, this.#writer, this.#options);
    this.#executions.set(run.id, execution);
    this.#writer.open(run, { continuity, onClosed: execution.stopWriting });
    void this.#work(execution, handler).finally(() => {
      execution.dispose();
      if (this.#executions.get(run.id) === execution) this.#executions.delete(run.id);
      this.#writer.close(run, new RunInterruption('lease_lost'));
      this.#wake();
    });
  }

  async #work(execution: RunExecution, handler: RunHandler<never>): Promise<void> {
    const { run } = execution;
    try {
      if (run.lastSeq > 0) {
        execution.history = await readEvents(this.#options.ledger.read, run.id, 0, MAX_EVENTS_READ);
      }
      if (run.cancelRequested) execution.interrupt('cancelled');
      const outcome = await Promise.race([handler.handle(execution as never), execution.abandoned]);
      await this.#finish(run, outcome);
    } catch (error) {
      await this.#end(execution, error).catch((failure: unknown) => {
        if (!(failure instanceof RunInterruption)) this.#options.observer?.onError?.(run, failure);
      });
    }
  }

  /** The way out of a handler that threw. */
  async #end(execution: RunExecution, error: unknown): Promise<void> {
    const { run } = execution;
    const reason = execution.interruption ?? (error instanceof RunInterruption ? error.reason : null);
    if (reason === 'lease_lost' || reason === 'shutdown') return;
    if (reason === 'cancelled') return this.#finish(run, { status: 'cancelled' });
    if (reason === 'deadline') {
      return this.#finish(run, { status: 'failed', failure: asFailure(new RunInterruption('deadline')) });
    }
    if (error instanceof RunDeferral) {
      const deferred = await this.#options.ledger.transaction((tx) => deferRun(tx, run, error, ledgerTime()));
      if (!deferred) return this.#finish(run, { status: 'cancelled' });
      this.#options.observer?.onEnded?.(run, 'deferred');
      return;
    }
    this.#options.observer?.onError?.(run, error);
    const isPassing = error instanceof BudaoError && error.kind === 'unavailable';
    if (!isPassing || (run.attempts >= run.maxAttempts && !this.#writer.hasProgressed(run))) {
      return this.#finish(run, { status: 'failed', failure: asFailure(error) });
    }
    await this.#postpone(run);
  }

  async #finish(run: Run, outcome: RunOutcome): Promise<void> {
    await this.#writer.finish(run, {
      status: outcome.status,
      result: outcome.result ?? null,
      failure: outcome.failure ?? null,
    });
    this.#options.observer?.onEnded?.(run, outcome.status);
    // The next run of the same subject may have waited for this one, and any process may take it.
    if (run.subjectId !== null) this.#options.channel.publishToOne(availableTopic(run.kind), '');
  }

  async #postpone(run: Run): Promise<void> {
    const { ledger, owner } = this.#options;
    const delayMs = Math.min(MAX_RETRY_DELAY_MS, 250 * 2 ** run.attempts) * (0.5 + Math.random());
    const postponed = await ledger.transaction((tx) =>
      postponeRun(tx, { runId: run.id, owner, epoch: run.epoch }, Math.round(ledgerTime() + delayMs)),
    );
    // Of one that was taken away meanwhile the end is refused like anything else.
    if (!postponed) await this.#finish(run, { status: 'cancelled' });
  }

  async #renew(): Promise<void> {
    if (this.#executions.size === 0 || this.#renewals >= MOST_RENEWALS) return;
    this.#renewals += 1;
    const { ledger, owner, observer } = this.#options;
    const before = [...this.#executions.values()];
    const runIds = before.map((execution) => execution.run.id);
    try {
      const held = await ledger.transaction(
        (tx) => renewLeases(tx, { owner, runIds, leaseUntil: ledgerTime() + LEASE_MS }),
        { relaxed: true },
      );
      const byId = new Map(held.map((lease) => [lease.runId, lease]));
      for (const execution of before) {
        if (this.#executions.get(execution.run.id) !== execution) continue;
        const lease = byId.get(execution.run.id);
        if (lease === undefined || lease.epoch !== execution.run.epoch) execution.interrupt('lease_lost');
        else if (lease.cancelRequested) execution.interrupt('cancelled');
      }
    } catch (error) {
      observer?.onError?.(null, error);
    } finally {
      this.#renewals -= 1;
    }
  }
}

/** What a person may read of an error: the product's own words, never the inside of an unexpected one. */
function asFailure(error: unknown): RunFailure {
  if (error instanceof BudaoError) return { code: error.code, message: error.message };
  return {
    code: 'internal_error',
    message: 'Something unexpected went wrong. The log of the worker has the details.',
  };
}
