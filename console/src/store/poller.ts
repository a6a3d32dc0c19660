import { Observable } from './observable.ts';

/** What was read last, and how the last reading went. */
export interface Polled<T> {
  /** Kept when a later reading fails. */
  value: T | null;
  /** Of the last reading; null when it went well. */
  error: unknown;
  /** When the value was read, in milliseconds since 1970. */
  readAt: number | null;
}

export interface PollerOptions<T> {
  read: (signal: AbortSignal) => Promise<T>;
  intervalMs: number;
  /** Nobody looks: nothing is read meanwhile, and at once when somebody looks again. */
  isHidden: Observable<boolean>;
  /** An answer that takes longer is none. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Reads something again and again, one reading at a time, until it is stopped. */
export class Poller<T> {
  readonly state = new Observable<Polled<T>>({ value: null, error: null, readAt: null });
  readonly #options: PollerOptions<T>;
  readonly #end = new AbortController();
  #wake: () => void = () => {};

  constructor(options: PollerOptions<T>) {
    this.#options = options;
    void this.#run();
  }

  /** Reads at once instead of after the pause. */
  readNow = (): void => this.#wake();

  stop(): void {
    this.#end.abort();
    this.#wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await this.#options.isHidden.until((isHidden) => !isHidden, signal).catch(() => undefined);
      if (!signal.aborted) await this.#read();
      if (!signal.aborted) await this.#pause();
    }
  }

  async #read(): Promise<void> {
    const { read, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    let woken = false;
    this.#wake = () => (woken = true);
    const reading = new AbortController();
    const giveUp = () => reading.abort();
    const timer = setTimeout(giveUp, timeoutMs);
    this.#end.signal.addEventListener('abort', giveUp, { once: true });
    try {
      const value = await read(reading.signal);
      this.state.set({ value, error: null, readAt: Date.now() });
    } catch (error) {
      if (!this.#end.signal.aborted) this.state.update((last) => ({ ...last, error }));
    } finally {
      clearTimeout(timer);
      this.#end.signal.removeEventListener('abort', giveUp);
    }
    // Asked for while one was under way: what that one saw may be from before.
    if (woken && !this.#end.signal.aborted) await this.#read();
  }

  async #pause(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, this.#options.intervalMs);
    });
    clearTimeout(timer);
  }
}
