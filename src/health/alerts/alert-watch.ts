import { setTimeout as sleep } from 'node:timers/promises';
import { ledgerTime } from '../../ledger/clock.ts';
import { holdDuty } from '../../ledger/duty.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { measureLedger } from '../signals/measure-ledger.ts';
import type { Meter } from '../signals/meter.ts';
import { readProcessSignals } from '../signals/process-signals.ts';
import { SignalWindows } from '../signals/windows.ts';
import {
  alertsToTell,
  clampSentTimes,
  fireAlert,
  forgetOldAlerts,
  markAnnounced,
  markRecoverySent,
  openAlerts,
  recordOutage,
  resolveAlert,
  silences,
} from './alert-rows.ts';
import { AlertTracker } from './alert-tracker.ts';
import { type AlertChannel, listChannels } from './channels.ts';
import { checkRule } from './check-rule.ts';
import { type Notice, type NoticePlan, type NoticeTiming, planNotices } from './notice.ts';
import { submitNotice } from './notify.ts';
import { LEDGER_UNAVAILABLE } from './outage.ts';
import type { AlertGroup, AlertRule } from './rule.ts';
import { RULES_BY_NAME } from './rules.ts';

export const ALERT_DUTY = 'alerts';
const LOOK_INTERVAL_MS = 5_000;
/** Whoever has the duty renews it with each look; a few that are late or lost do not end it. */
const DUTY_MS = 20_000;
/** Failed looks in a row after which people are told without the ledger. */
const OUTAGE_LOOKS = 6;
/** After an outage processes report all at once what had gathered: that is no news. */
const SETTLING_LOOKS = 3;
/** Before that a process may not have reported yet. */
const COMPLETE_AFTER_SECONDS = 30;
/** How far back alerts are looked at for the quiet between two messages. */
const TOLD_LATELY_MS = 86_400_000;
const TIDY_EVERY_LOOKS = 720;

export interface AlertWatchOptions {
  ledger: Ledger;
  meter: Meter;
  /** The process: whoever has the duty looks, the others wait for it to fall free. */
  owner: string;
  rules: readonly AlertRule[];
  timing: NoticeTiming;
  announce(run: { kind: string; id?: string }): void;
  /** Tells people without the ledger, straight from memory. */
  sendDirectly(channels: readonly AlertChannel[], notice: Notice): Promise<void>;
  /** Further gauges of the installation, by whoever has the duty. */
  measure?(meter: Meter): Promise<void>;
  onError(error: unknown): void;
  onTransition?(alert: { rule: string; subject: string; state: 'firing' | 'resolved' }): void;
  intervalMs?: number;
  /** A monotonic clock. */
  clock?: () => number;
}

/** Looks at the signals of all processes, keeps the alerts, and has people told. In one process of the installation. */
export class AlertWatch implements AsyncDisposable {
  readonly #options: AlertWatchOptions;
  readonly #tracker = new AlertTracker();
  readonly #timer: NodeJS.Timeout;
  readonly #clock: () => number;
  #windows = new SignalWindows();
  #looking: Promise<void> | null = null;
  #hadDuty = false;
  #looks = 0;
  #failedLooks = 0;
  #settling = 0;
  /** When people were told of the outage that lasts, by the wall clock; null while there is none. */
  #outageSince: number | null = null;
  /** As they were when the ledger was last read. */
  #channels: readonly AlertChannel[] = [];

  constructor(options: AlertWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#timer = setInterval(() => void this.look(), options.intervalMs ?? LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Whether this process does for the installation what one alone should do. */
  get hasDuty(): boolean {
    return this.#hadDuty;
  }

  /** One look; also called by the timer. A look that hangs counts as one that failed. */
  async look(): Promise<void> {
    if (this.#looking !== null) return this.#fail(new Error('the ledger does not answer'));
    this.#looking = this.#look().then(
      () => this.#succeed(),
      (error: unknown) => this.#fail(error),
    );
    await this.#looking;
    this.#looking = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#looking, sleep(1_000, undefined, { ref: false })]);
  }

  async #look(): Promise<void> {
    const { ledger, owner, meter } = this.#options;
    const duty = { name: ALERT_DUTY, owner, now: ledgerTime(), ttlMs: DUTY_MS };
    const hasDuty = await ledger.transaction((tx) => holdDuty(tx, duty), { relaxed: true });
    // Those who wait for the duty look as well, so that whoever gets it has its windows filled.
    this.#windows.absorb(await readProcessSignals(ledger.read), this.#clock());
    if (hasDuty) await this.#measure();
    else if (this.#hadDuty) forgetMeasures(meter);
    this.#hadDuty = hasDuty;
    if (!hasDuty || this.#outageSince !== null || this.#settling > 0) return;
    await this.#update();
    await this.#tell();
    if (++this.#looks % TIDY_EVERY_LOOKS === 0) {
      await ledger.transaction((tx) => forgetOldAlerts(tx, ledgerTime()));
    }
  }

  /** What belongs to no process alone. */
  async #measure(): Promise<void> {
    const { ledger, meter } = this.#options;
    await measureLedger(ledger.read, meter, ledgerTime());
    this.#channels = await listChannels(ledger.read);
    await this.#options.measure?.(meter);
    if (this.#windows.coveredSeconds < COMPLETE_AFTER_SECONDS) return;
    const alive = this.#windows.alive('worker');
    const configured = this.#windows.gauge('workers_configured').get('') ?? 0;
    meter.gauge('workers_alive', alive);
    meter.gauge('workers_missing', Math.max(0, configured - alive));
  }

  async #update(): Promise<void> {
    const { ledger, rules, onTransition } = this.#options;
    const open = await openAlerts(ledger.read);
    const looks = rules.map((rule) => ({ rule, findings: checkRule(rule, this.#windows) }));
    const isComplete = this.#windows.coveredSeconds >= COMPLETE_AFTER_SECONDS;
    const { fire, resolve } = this.#tracker.observe(looks, open, isComplete);
    if (fire.length === 0 && resolve.length === 0) return;
    await this.#withDuty(async (tx, now) => {
      for (const { rule, finding } of fire) {
        const { subject, value } = finding;
        await fireAlert(tx, { rule: rule.name, subject, severity: rule.severity, value }, now);
      }
      for (const id of resolve) await resolveAlert(tx, id, now);
    });
    for (const { rule, finding } of fire) {
      onTransition?.({ rule: rule.name, subject: finding.subject, state: 'firing' });
    }
    for (const { id, rule, subject } of open) {
      if (resolve.includes(id)) onTransition?.({ rule, subject, state: 'resolved' });
    }
  }

  async #tell(): Promise<void> {
    const { ledger, timing, announce } = this.#options;
    const now = ledgerTime();
    const alerts = await alertsToTell(ledger.read, now - TOLD_LATELY_MS);
    if (alerts.length === 0) return;
    if (alerts.some(({ lastSentAt }) => (lastSentAt ?? 0) > now)) {
      await this.#withDuty((tx, at) => clampSentTimes(tx, at));
      return;
    }
    const silenced = new Set((await silences(ledger.read, now)).map(({ rule }) => rule));
    const plan = planNotices(alerts, { groupOf, isSilenced: (rule) => silenced.has(rule), timing, now });
    if (plan.notices.length === 0 && plan.hush.length === 0) return;
    // Marked as told in the transaction that submits the runs: neither is there without the other.
    const runs = await this.#withDuty((tx, at) => submitPlan(tx, plan, this.#channels, at));
    for (const run of runs ?? []) announce(run);
  }

  /** Another process may have got the duty since the look began: then this one writes nothing. */
  async #withDuty<T>(work: (tx: Sql, now: number) => Promise<T>): Promise<T | null> {
    const { ledger, owner } = this.#options;
    return ledger.transaction(async (tx) => {
      const now = ledgerTime();
      if (!(await holdDuty(tx, { name: ALERT_DUTY, owner, now, ttlMs: DUTY_MS }))) return null;
      return work(tx, now);
    });
  }

  async #succeed(): Promise<void> {
    const wasAway = this.#failedLooks >= OUTAGE_LOOKS;
    this.#failedLooks = 0;
    if (wasAway) this.#settling = SETTLING_LOOKS;
    if (this.#settling > 0) {
      this.#windows = new SignalWindows();
      this.#settling -= 1;
    }
    if (this.#outageSince === null) return;
    const firedAt = this.#outageSince;
    this.#outageSince = null;
    const { ledger, onError } = this.#options;
    const outage = { rule: LEDGER_UNAVAILABLE.name, severity: LEDGER_UNAVAILABLE.severity, firedAt };
    await ledger.transaction((tx) => recordOutage(tx, outage, ledgerTime())).catch(onError);
    await this.#sendOutage(firedAt, ledgerTime());
  }

  async #fail(error: unknown): Promise<void> {
    this.#failedLooks += 1;
    this.#options.onError(error);
    if (this.#failedLooks < OUTAGE_LOOKS || this.#outageSince !== null || !this.#hadDuty) return;
    this.#outageSince = ledgerTime();
    await this.#sendOutage(this.#outageSince, null);
  }

  async #sendOutage(firedAt: number, resolvedAt: number | null): Promise<void> {
    const { sendDirectly, onError } = this.#options;
    const { name: rule, severity } = LEDGER_UNAVAILABLE;
    const state = resolvedAt === null ? 'firing' : 'resolved';
    this.#options.onTransition?.({ rule, subject: '', state });
    const alert = {
      id: `${rule} ${firedAt}`,
      rule,
      subject: '',
      severity,
      value: null,
      state,
      firedAt,
      resolvedAt,
    };
    const notice = { group: 'ledger', alerts: [alert] } satisfies { group: AlertGroup; alerts: unknown[] };
    await sendDirectly(this.#channels, notice as Notice).catch(onError);
  }
}

/** How an alert is gathered with others; those of a rule that is no more go with the processes. */
function groupOf(rule: string): AlertGroup {
  return RULES_BY_NAME.get(rule)?.group ?? (rule === LEDGER_UNAVAILABLE.name ? 'ledger' : 'processes');
}

async function submitPlan(
  tx: Sql,
  plan: NoticePlan,
  channels: readonly AlertChannel[],
  now: number,
): Promise<{ kind: string }[]> {
  const runs: { kind: string }[] = [];
  for (const notice of plan.notices) {
    for (const { id, state } of notice.alerts) {
      await (state === 'resolved' ? markRecoverySent : markAnnounced)(tx, id, now);
    }
    runs.push(...(await submitNotice(tx, notice, channels, now)));
  }
  for (const id of plan.hush) await markRecoverySent(tx, id, now);
  return runs;
}

/** Whoever has the duty now measures them. */
function forgetMeasures(meter: Meter): void {
  const names = ['runs_queued', 'runs_running', 'queue_age_seconds', 'index_lag_seconds'] as const;
  const shared = ['workers_alive', 'workers_missing', 'breaker_open', 'mode_degraded'] as const;
  const nodes = ['replication_lag_seconds', 'archive_lag_seconds', 'settings_variants'] as const;
  for (const name of [...names, ...shared, ...nodes]) meter.clear(name);
}
