/** Ends a drill that runs too long, whose target does not come back, or that eats up the machine. */
import { statfsSync } from 'node:fs';
import type { DrillLog } from '../log/drill-log.ts';
import { formatDuration } from '../scenario/duration.ts';
import type { Scenario } from '../scenario/parse-scenario.ts';
import type { TimelineState } from './run-timeline.ts';

const LOOK_EVERY_MS = 500;

export class StopConditions implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #unwatch: () => void;
  #lastGoodMs = performance.now();
  #reason: string | null = null;

  constructor(
    { stop }: Scenario,
    watched: { log: DrillLog; state: TimelineState; folder: string; signal: AbortSignal },
  ) {
    const { log, state, folder, signal } = watched;
    const startedMs = performance.now();
    this.#unwatch = log.watch((event) => {
      if (event.type === 'probe.answered' && event.outcome === 'ok') this.#lastGoodMs = performance.now();
    });
    if (signal.aborted) this.#stop('somebody broke it off', log);
    signal.addEventListener('abort', () => this.#stop('somebody broke it off', log), { once: true });
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (state.inForce > 0) this.#lastGoodMs = Math.max(this.#lastGoodMs, now - stop.outageLasts / 2);
      if (now - startedMs > stop.drillLasts)
        this.#stop(`it lasted longer than ${formatDuration(stop.drillLasts)}`, log);
      if (now - this.#lastGoodMs > stop.outageLasts)
        this.#stop(`no probe succeeded for ${formatDuration(stop.outageLasts)}`, log);
      const { bavail, bsize } = statfsSync(folder);
      if ((bavail * bsize) / 1024 / 1024 < stop.diskFreeBelowMb)
        this.#stop(`less than ${stop.diskFreeBelowMb} MB are free`, log);
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Null while nothing has stopped it. */
  get reason(): string | null {
    return this.#reason;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#unwatch();
  }

  #stop(reason: string, log: DrillLog): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    log.add({ type: 'stopped', reason });
    this.#controller.abort();
  }
}
