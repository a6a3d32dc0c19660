/**
 * Second tries may be a share of the calls only: when everything fails, retries by everyone would keep down what tries
 * to get up.
 */
export interface RetryBudgetOptions {
  /** Of the calls within the window. */
  share: number;
  windowMs: number;
  /** So many are allowed in a window even without calls, or a quiet service would never try twice. */
  least: number;
}

export const DEFAULT_RETRY_BUDGET: RetryBudgetOptions = { share: 0.2, windowMs: 10_000, least: 3 };

const SLOTS = 10;

interface Slot {
  number: number;
  calls: number;
  retries: number;
}

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ number: -1, calls: 0, retries: 0 }));
  readonly #now: () => number;
  /** How many were allowed and refused since the start. */
  taken = 0;
  refused = 0;

  constructor(options: Partial<RetryBudgetOptions> = {}, now: () => number = () => performance.now()) {
    this.#options = { ...DEFAULT_RETRY_BUDGET, ...options };
    this.#now = now;
  }

  /** A first try. */
  countCall(): void {
    this.#slot().calls++;
  }

  /** Asks for one more try, and counts it where that is allowed. */
  take(): boolean {
    const slot = this.#slot();
    const recent = this.#slots.filter(({ number }) => number > slot.number - SLOTS);
    const calls = recent.reduce((sum, one) => sum + one.calls, 0);
    const retries = recent.reduce((sum, one) => sum + one.retries, 0);
    if (retries >= Math.max(this.#options.least, calls * this.#options.share)) {
      this.refused++;
      return false;
    }
    slot.retries++;
    this.taken++;
    return true;
  }

  #slot(): Slot {
    const number = Math.floor((this.#now() * SLOTS) / this.#options.windowMs);
    const slot = this.#slots[number % SLOTS] as Slot;
    if (slot.number !== number) Object.assign(slot, { number, calls: 0, retries: 0 });
    return slot;
  }
}
