/** One key press reaches the process twice: from the terminal, and through the process that started it. */
const SAME_KEY_PRESS_MS = 500;

/** Ctrl+C, once with care; a second Ctrl+C leaves at once. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #onInterrupt: () => void;
  #interruptedMs: number | null = null;

  constructor(onInterrupt: () => void = () => {}) {
    this.#onInterrupt = onInterrupt;
    process.on('SIGINT', this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get hasHappened(): boolean {
    return this.#interruptedMs !== null;
  }

  readonly #interrupt = (): void => {
    const now = performance.now();
    if (this.#interruptedMs === null) {
      this.#interruptedMs = now;
      this.#onInterrupt();
      this.#controller.abort();
    } else if (now - this.#interruptedMs > SAME_KEY_PRESS_MS) {
      process.off('SIGINT', this.#interrupt);
      process.kill(process.pid, 'SIGINT');
    }
  };

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#interrupt);
  }
}
