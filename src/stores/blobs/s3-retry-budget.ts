/** What a success gives back: at most one request in ten is a second try while most succeed. */
const REFUND = 0.1;

/** Second tries for all requests together, so that a store that fails is not asked many times more than usual. */
export class RetryBudget {
  readonly #capacity: number;
  #left: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#left = capacity;
  }

  /** @returns whether there may be another try */
  take(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  refund(): void {
    this.#left = Math.min(this.#capacity, this.#left + REFUND);
  }
}
