/** An installation in small: processes that report what a test says, a watch that looks when it is told to. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followClock } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../runs/run.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import type { Alert } from './alerts/alert-rows.ts';
import { openAlerts } from './alerts/alert-rows.ts';
import { AlertWatch, type AlertWatchOptions } from './alerts/alert-watch.ts';
import { type AlertChannel, AlertChannels } from './alerts/channels.ts';
import type { Notice } from './alerts/notice.ts';
import type { NotifyInput } from './alerts/notify.ts';
import { ALERT_RULES } from './alerts/rules.ts';
import { Seal } from './alerts/seal.ts';
import { Meter } from './signals/meter.ts';
import { writeProcessSignals } from './signals/process-signals.ts';
import { encodeSnapshot } from './signals/snapshot.ts';

export const LOOK_SECONDS = 5;
const TIMING = { gatherSeconds: 10, quietSeconds: 120, repeatSeconds: 14_400 };

export const testSeal = (): Seal => new Seal({ read: async () => new Uint8Array(32).fill(7) });

export class SmallInstallation implements AsyncDisposable {
  readonly ledger: Ledger;
  readonly channels: AlertChannels;
  readonly meters = new Map<string, Meter>();
  /** What was told without the ledger. */
  readonly direct: Notice[] = [];
  readonly errors: unknown[] = [];
  /** The ledger's clock, which a test may set; the monotonic one goes on by itself. */
  wallMs = Date.UTC(2026, 0, 5, 8);
  monotonicMs = 1_000;
  isLedgerAway = false;
  readonly #told: Run[] = [];
  readonly #cleanup: AsyncDisposableStack;

  private constructor(ledger: Ledger, cleanup: AsyncDisposableStack) {
    this.ledger = ledger;
    this.channels = new AlertChannels(ledger, testSeal());
    this.#cleanup = cleanup;
    followClock(() => this.wallMs);
  }

  static async start(): Promise<SmallInstallation> {
    await using cleanup = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'budao-health-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
    cleanup.defer(() => followClock(Date.now));
    const installation = new SmallInstallation(ledger, cleanup.move());
    await installation.addProcess('worker-1', 'worker');
    await installation.addProcess('api-1', 'api');
    return installation;
  }

  async addProcess(id: string, role: string): Promise<Meter> {
    await this.ledger.transaction((tx) =>
      tx.run(
        `INSERT INTO process (id, pid, role, version, started_at, seen_at)
         VALUES (:id, 1, :role, '0', 0, 0)`,
        { id, role },
      ),
    );
    const meter = new Meter();
    this.meters.set(id, meter);
    return meter;
  }

  meter(id = 'api-1'): Meter {
    const meter = this.meters.get(id);
    if (meter === undefined) throw new Error(`no process ${id}`);
    return meter;
  }

  addChannel(): Promise<AlertChannel> {
    return this.channels.create({
      kind: 'wecom',
      name: 'on call',
      min_severity: 'info',
      language: 'en',
      disabled: false,
      url: 'http://127.0.0.1:9/?key=k',
    });
  }

  watch(owner = 'supervisor-1', options: Partial<AlertWatchOptions> = {}): AlertWatch {
    const watch = new AlertWatch({
      ledger: this.#sometimesAway(),
      meter: new Meter(),
      owner,
      rules: ALERT_RULES,
      timing: TIMING,
      announce: (run) => this.#told.push(run as Run),
      sendDirectly: async (_channels, notice) => void this.direct.push(notice),
      onError: (error) => this.errors.push(error),
      intervalMs: 2 ** 30,
      clock: () => this.monotonicMs,
      ...options,
    });
    this.#cleanup.use(watch);
    return watch;
  }

  /** Time goes on, every process reports, and the watches look. */
  async pass(seconds: number, watches: AlertWatch | readonly AlertWatch[], each?: () => void): Promise<void> {
    for (let passed = 0; passed < seconds; passed += LOOK_SECONDS) {
      each?.();
      this.wallMs += LOOK_SECONDS * 1_000;
      this.monotonicMs += LOOK_SECONDS * 1_000;
      await this.#report();
      for (const watch of [watches].flat()) await watch.look();
    }
  }

  async open(): Promise<string[]> {
    return (await openAlerts(this.ledger.read)).map(nameOf);
  }

  /** Everything that was told, in order, as `state rule/subject` lists. */
  told(): string[][] {
    return this.#told.map(({ input }) =>
      (input as NotifyInput).notice.alerts.map((alert) => `${alert.state} ${nameOf(alert)}`),
    );
  }

  async #report(): Promise<void> {
    if (this.isLedgerAway) return;
    await this.ledger.transaction(async (tx) => {
      for (const [id, meter] of this.meters) {
        await writeProcessSignals(tx, { id, signals: encodeSnapshot(meter, this.monotonicMs) });
      }
    });
  }

  #sometimesAway(): Ledger {
    const away = (): void => {
      if (this.isLedgerAway) throw new Error('the ledger is away');
    };
    const { ledger } = this;
    return {
      ...ledger,
      continuity: 0,
      read: {
        all: async (...args) => (away(), ledger.read.all(...args)) as never,
        get: async (...args) => (away(), ledger.read.get(...args)) as never,
        run: async (...args) => (away(), ledger.read.run(...args)),
      },
      transaction: async (work, options) => (away(), ledger.transaction(work, options)),
      checkIntegrity: () => ledger.checkIntegrity(),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.disposeAsync();
  }
}

function nameOf({ rule, subject }: Pick<Alert, 'rule' | 'subject'>): string {
  return subject === '' ? rule : `${rule}/${subject}`;
}
