import type { Meter } from '../../health/signals/meter.ts';
import type { StreamState } from '../../recovery/stream/stream-state.ts';
import type { BackupConfiguration } from './repositories.ts';
import { tellStreamStates } from './stream-states.ts';

const LOOK_MS = 5_000;

/** Measures how far each repository is behind, also when whoever ships says nothing any more. */
export class StreamLags implements Disposable {
  readonly #configuration: BackupConfiguration;
  readonly #meter: Meter;
  readonly #timer: NodeJS.Timeout;
  /** When each was last covered, by a clock that nobody sets. */
  readonly #coveredMs = new Map<string, number>();
  #telling: Promise<void> = Promise.resolve();

  constructor(configuration: BackupConfiguration, meter: Meter) {
    this.#configuration = configuration;
    this.#meter = meter;
    for (const { name } of configuration.backup.repositories) this.#coveredMs.set(name, performance.now());
    this.#timer = setInterval(() => this.#measure(), LOOK_MS);
    this.#timer.unref();
  }

  note(states: readonly StreamState[]): void {
    for (const { repository, lagMs } of states)
      if (lagMs !== null) this.#coveredMs.set(repository, performance.now() - lagMs);
    this.#measure();
    this.#telling = this.#telling.then(() => tellStreamStates(this.#configuration, states)).catch(() => {});
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #measure(): void {
    for (const [repository, atMs] of this.#coveredMs)
      this.#meter.gauge('recovery_lag_seconds', (performance.now() - atMs) / 1_000, repository);
  }
}
