/** Crystals of two machines part by less than this while no new sample is had. */
const DRIFT = 0.0002;

/**
 * The database's clock, estimated between two looks at it: by Cristian's method, from the sample with the shortest way.
 * It rests on this process's monotonic clock, so a jump of the local wall clock does not move it.
 */
export class DatabaseClock {
  #offsetMs = Number.NaN;
  #sampleErrorMs = Number.POSITIVE_INFINITY;
  #sampledMs = 0;

  /** Milliseconds since the epoch. */
  now(): number {
    return Math.floor(performance.now() + this.#offsetMs);
  }

  /** How far `now` may be from the database's own clock, in milliseconds. */
  get errorMs(): number {
    return this.#sampleErrorMs + DRIFT * (performance.now() - this.#sampledMs);
  }

  /** What the database said, and when it was asked and heard on `performance.now()`. */
  observe(databaseMs: number, askedMs: number, heardMs: number): void {
    const offsetMs = databaseMs - (askedMs + heardMs) / 2;
    const errorMs = (heardMs - askedMs) / 2;
    const wasStepped = Math.abs(offsetMs - this.#offsetMs) > errorMs + this.errorMs;
    if (errorMs > this.errorMs && !wasStepped) return;
    this.#offsetMs = offsetMs;
    this.#sampleErrorMs = errorMs;
    this.#sampledMs = heardMs;
  }
}
