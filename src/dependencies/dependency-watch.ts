import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Channel } from '../runs/channel.ts';
import type { Dependencies } from './dependencies.ts';
import { currentOverrides, overrideVersion } from './overrides.ts';
import { removeReport, writeReport } from './reports.ts';

/** Something was set by hand; the ledger has it. */
export const OVERRIDES_CHANGED = 'dependencies.overrides-changed';
/** The message is the name of a dependency that answers one process again. */
const RECOVERED = 'dependencies.recovered';

/** The fall-back for hints that are lost. */
const CHECK_MS = 1_000;
const REPORT_MS = 5_000;
/** Changes that come together are told together. */
const SETTLE_MS = 100;

export interface DependencyWatchOptions {
  ledger: Ledger;
  channel: Channel;
  dependencies: Dependencies;
  processId: string;
  role: string;
  onError: (error: unknown) => void;
}

/** Ties the breakers of this process to the installation: obeys what is set by hand, tells what it sees, hears of others. */
export class DependencyWatch implements AsyncDisposable {
  readonly #options: DependencyWatchOptions;
  readonly #ends: (() => void)[];
  readonly #checkTimer: NodeJS.Timeout;
  readonly #reportTimer: NodeJS.Timeout;
  #settleTimer: NodeJS.Timeout | null = null;
  #version = -1;
  #checking: Promise<void> | null = null;
  #checkAgain = false;
  #reporting: Promise<void> | null = null;
  #stopped = false;

  constructor(options: DependencyWatchOptions) {
    this.#options = options;
    const { channel, dependencies } = options;
    this.#ends = [
      channel.subscribe(OVERRIDES_CHANGED, () => this.check()),
      channel.subscribe(RECOVERED, (name) => dependencies.get(name)?.endRest()),
      dependencies.subscribe((dependency, change) => {
        if (change === 'closed' && dependency.state.forced === 'auto')
          channel.publish(RECOVERED, dependency.name);
        this.#settleTimer ??= setTimeout(() => this.#report(), SETTLE_MS);
      }),
    ];
    this.#checkTimer = setInterval(() => this.check(), CHECK_MS);
    this.#reportTimer = setInterval(() => this.#report(), REPORT_MS);
    this.check();
    this.#report();
  }

  /** Reads what was set by hand, where that is news. */
  check(): void {
    this.#checkAgain = true;
    this.#checking ??= this.#checkUntilDone().finally(() => {
      this.#checking = null;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    for (const end of this.#ends) end();
    clearInterval(this.#checkTimer);
    clearInterval(this.#reportTimer);
    if (this.#settleTimer !== null) clearTimeout(this.#settleTimer);
    await this.#checking;
    await this.#reporting;
    const { ledger, processId, onError } = this.#options;
    await ledger.transaction((tx) => removeReport(tx, processId), { relaxed: true }).catch(onError);
  }

  async #checkUntilDone(): Promise<void> {
    while (this.#checkAgain && !this.#stopped) {
      this.#checkAgain = false;
      try {
        await this.#obey();
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }

  async #obey(): Promise<void> {
    const { ledger, dependencies } = this.#options;
    const version = await overrideVersion(ledger.read);
    if (version === this.#version) return;
    for (const { dependency, forced } of await currentOverrides(ledger.read)) {
      dependencies.get(dependency)?.force(forced);
    }
    this.#version = version;
    this.#report();
  }

  #report(): void {
    if (this.#settleTimer !== null) clearTimeout(this.#settleTimer);
    this.#settleTimer = null;
    if (this.#stopped) return;
    const { ledger, dependencies, processId, role, onError } = this.#options;
    const write = async (): Promise<void> => {
      await writeReport(ledger, { processId, role, states: dependencies.states(), reportedAt: ledgerTime() });
    };
    this.#reporting = (this.#reporting ?? Promise.resolve()).then(write).catch(onError);
  }
}
