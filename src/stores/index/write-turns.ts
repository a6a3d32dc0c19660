/** Lets the writes of one process through one at a time, in the order of the calls. */
export class WriteTurns {
  #last: Promise<void> = Promise.resolve();

  async take(work: () => Promise<void>): Promise<void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      await work();
    } finally {
      resolve();
    }
  }

  /** Until all that came so far have had theirs, however they ended. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
