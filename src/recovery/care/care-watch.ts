import { setTimeout as sleep } from 'node:timers/promises';
import { ledgerTime } from '../../ledger/clock.ts';
import { holdDuty } from '../../ledger/duty.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { CARE_KINDS, kindOf } from './care-kinds.ts';
import { submitCare } from './care-runs.ts';
import { dueTasks, type Occasion } from './due-tasks.ts';
import { collectResults, hasNewResults, latestResults } from './results.ts';
import {
  type CareTask,
  readScheduleState,
  readSchedules,
  type ScheduleSettings,
  writeScheduleState,
} from './schedules.ts';

export const CARE_DUTY = 'backups';
const LOOK_INTERVAL_MS = 5_000;
/** A few looks that are late or lost do not end it. */
const DUTY_MS = 30_000;

export interface CareWatchOptions {
  ledger: Ledger;
  /** The process: whoever has the duty looks, the others wait for it to fall free. */
  owner: string;
  installationId: string;
  configured: ScheduleSettings;
  /** As the settings call them. */
  repositories: readonly string[];
  /** Without a recovery key nothing can be rehearsed. */
  hasKey: boolean;
  announce(run: { kind: string; id?: string }): void;
  /** What was found, by whoever has the duty; null by whoever has lost it. */
  onLook?(sql: Sql | null): Promise<void>;
  onError(error: unknown): void;
  intervalMs?: number;
}

/** Does what the schedules say, in one process of the installation, and keeps what came of it. */
export class CareWatch implements AsyncDisposable {
  readonly #options: CareWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | null = null;
  #hadDuty = false;

  constructor(options: CareWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), options.intervalMs ?? LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  /** One look; also called by the timer. */
  async look(): Promise<void> {
    if (this.#looking !== null) return;
    this.#looking = this.#look().catch(this.#options.onError);
    await this.#looking;
    this.#looking = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#looking, sleep(1_000, undefined, { ref: false })]);
  }

  async #look(): Promise<void> {
    const { ledger, owner, onLook } = this.#options;
    const duty = () => ({ name: CARE_DUTY, owner, now: ledgerTime(), ttlMs: DUTY_MS });
    const hasDuty = await ledger.transaction((tx) => holdDuty(tx, duty()), { relaxed: true });
    if (!hasDuty) {
      if (this.#hadDuty) await onLook?.(null);
      this.#hadDuty = false;
      return;
    }
    this.#hadDuty = true;
    if (await hasNewResults(ledger.read)) await ledger.transaction((tx) => collectResults(tx, ledgerTime()));
    const runs = await ledger.transaction(async (tx) =>
      // Another process may have got the duty since the look began: then this one submits nothing.
      (await holdDuty(tx, duty())) ? this.#submit(tx) : [],
    );
    for (const run of runs) this.#options.announce(run);
    await onLook?.(ledger.read);
  }

  async #submit(tx: Sql): Promise<{ kind: string; id: string }[]> {
    const { configured, installationId, hasKey } = this.#options;
    const now = ledgerTime();
    const { settings } = await readSchedules(tx, configured);
    const known = await readScheduleState(tx);
    const { due, state } = dueTasks(settings, known, { now, salt: installationId });
    const open = due.length === 0 ? new Set<string>() : await openKinds(tx);
    const runs: { kind: string; id: string }[] = [];
    for (const occasion of due) {
      if (occasion.task === 'rehearse' && !hasKey) continue;
      if (isBlocked(occasion.task, open)) continue;
      const seen = state[occasion.task];
      state[occasion.task] = { since: seen?.since ?? now, handledDue: occasion.due };
      for (const run of await this.#submitOccasion(tx, occasion, settings, now)) {
        open.add(run.kind);
        runs.push(run);
      }
    }
    if (JSON.stringify(state) !== JSON.stringify(known)) await writeScheduleState(tx, state, now);
    return runs;
  }

  async #submitOccasion(
    tx: Sql,
    { task }: Occasion,
    settings: ScheduleSettings,
    now: number,
  ): Promise<{ kind: string; id: string }[]> {
    const { repositories } = this.#options;
    const wanted = task === 'rehearse' ? await leastLatelyRehearsed(tx, repositories) : repositories;
    const share = task === 'verify' ? { share: settings.verifySharePercent / 100 } : {};
    const runs: { kind: string; id: string }[] = [];
    for (const repository of wanted)
      runs.push(await submitCare(tx, task, { repository, occasion: 'schedule', ...share }, now));
    return runs;
  }
}

async function openKinds(tx: Sql): Promise<Set<string>> {
  const kinds = CARE_KINDS.map((kind) => `'${kind}'`).join(', ');
  const rows = await tx.all<{ kind: string }>(
    `SELECT DISTINCT kind FROM run WHERE kind IN (${kinds}) AND status IN ('queued', 'running')`,
  );
  return new Set(rows.map(({ kind }) => kind));
}

/** Snapshots wait for their like and for prunings alone; what reads much, or changes much, is done one after another. */
function isBlocked(task: CareTask, open: ReadonlySet<string>): boolean {
  if (task === 'snapshot') return open.has(kindOf('snapshot')) || open.has(kindOf('prune'));
  return open.size > 0;
}

/** One at a time, each in its turn: a rehearsal takes as long as a restore. */
async function leastLatelyRehearsed(tx: Sql, repositories: readonly string[]): Promise<string[]> {
  const results = (await latestResults(tx)).filter(({ task }) => task === 'rehearse');
  const lastOf = (name: string): number =>
    results.find(({ repository }) => repository === name)?.finishedAt ?? Number.NEGATIVE_INFINITY;
  const [next] = repositories.toSorted((left, right) => lastOf(left) - lastOf(right));
  return next === undefined ? [] : [next];
}
