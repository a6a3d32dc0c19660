import { ledgerTime } from '../ledger/clock.ts';
import { holdDuty } from '../ledger/duty.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Channel, NOTHING_BUT_A_HINT, RUN_CANCELLED, runTopic } from './channel.ts';
import { compactFinishedRuns } from './compact.ts';
import { staleBatchOwners } from './event-batches.ts';
import type { Run, RunFailure } from './run.ts';
import { fenceOwner, forgetOwners } from './run-owners.ts';
import { endRun, findHopeless, shiftOpenRuns } from './run-store.ts';

const INTERVAL_MS = 1_000;
const RUNS_PER_SWEEP = 100;
/** A living owner spreads its own every second. */
const STALE_BATCH_MS = 5_000;
/** More than the clock's usual corrections, less than any time limit. */
const NOTICED_JUMP_MS = 5_000;
/** After so long without a word of it another janitor takes over. */
const DUTY_MS = 5_000;
const OWNER_KEPT_MS = 24 * 3_600_000;

/** Ends runs that nobody can finish any more, with a visible reason, and compacts finished ones. */
export class Janitor implements Disposable {
  readonly #ledger: Ledger;
  readonly #channel: Channel;
  readonly #timer: NodeJS.Timeout;
  readonly #onError: (error: unknown) => void;
  #sweeping = false;
  #forgottenUntil = 0;
  readonly #jump: ClockJump | null;
  readonly #sharedAs: string | null;

  /**
   * `ownClock`: the ledger goes by this machine's clock, which a person may set.
   * `sharedAs`: there are several janitors, of which one at a time works; the name of this one.
   */
  constructor(options: {
    ledger: Ledger;
    channel: Channel;
    onError: (error: unknown) => void;
    ownClock?: boolean;
    sharedAs?: string;
  }) {
    this.#ledger = options.ledger;
    this.#channel = options.channel;
    this.#onError = options.onError;
    this.#sharedAs = options.sharedAs ?? null;
    this.#jump = options.ownClock === true ? new ClockJump() : null;
    this.#timer = setInterval(() => void this.#tick(), INTERVAL_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #tick(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      if (!(await this.#isOnDuty())) return;
      await this.#followJump();
      await this.sweep(ledgerTime());
      await this.tidy(ledgerTime());
      await compactFinishedRuns(this.#ledger, ledgerTime());
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#sweeping = false;
    }
  }

  async #isOnDuty(): Promise<boolean> {
    const owner = this.#sharedAs;
    if (owner === null) return true;
    const duty = { name: 'janitor', owner, now: ledgerTime(), ttlMs: DUTY_MS };
    return this.#ledger.transaction((tx) => holdDuty(tx, duty), { relaxed: true });
  }

  /** Somebody has set the clock: what was promised in minutes stays as many minutes away. */
  async #followJump(): Promise<void> {
    const jumpMs = this.#jump?.measure() ?? 0;
    if (Math.abs(jumpMs) < NOTICED_JUMP_MS) return;
    await this.#ledger.transaction((tx) => shiftOpenRuns(tx, Math.round(jumpMs)));
    this.#jump?.forget();
  }

  /** What a dead process had appended to several runs at once moves into their logs. */
  async tidy(now: number): Promise<void> {
    for (const { owner } of await staleBatchOwners(this.#ledger.read, now - STALE_BATCH_MS)) {
      await this.#ledger.transaction((tx) => fenceOwner(tx, owner));
    }
    const before = now - OWNER_KEPT_MS;
    if (before < this.#forgottenUntil + OWNER_KEPT_MS / 24) return;
    await this.#ledger.transaction((tx) => forgetOwners(tx, before));
    this.#forgottenUntil = before;
  }

  async sweep(now: number): Promise<number> {
    const hopeless = await findHopeless(this.#ledger.read, now, RUNS_PER_SWEEP);
    for (const run of hopeless) {
      const ended = await this.#ledger.transaction((tx) =>
        endRun(tx, run, 'failed', reasonFor(run, now), now),
      );
      // Wakes those who follow the run, and stops an owner that overran its deadline.
      if (ended) {
        this.#channel.publish(RUN_CANCELLED, run.id);
        this.#channel.publish(runTopic(run.id), NOTHING_BUT_A_HINT);
      }
    }
    return hopeless.length;
  }
}

function reasonFor(run: Run, now: number): RunFailure {
  if (run.deadlineAt <= now && run.status === 'queued' && run.deferral !== null) {
    const { message } = run.deferral;
    return {
      code: 'deferred_too_long',
      message: `What this run waits for did not come back in time. ${message}`,
    };
  }
  if (run.deadlineAt <= now) {
    return { code: 'run_deadline', message: 'The run took longer than its time limit.' };
  }
  return {
    code: 'attempts_exhausted',
    message: `The run was tried ${run.attempts} times, and every process that worked on it died or gave up.`,
  };
}

/** How far the clock of the day has moved against the one that nobody can set. */
class ClockJump {
  #offsetMs = Date.now() - performance.now();

  measure(): number {
    return Date.now() - performance.now() - this.#offsetMs;
  }

  forget(): void {
    this.#offsetMs = Date.now() - performance.now();
  }
}
