/** Five hundred a second: each hint costs its follower two reads, and more of them would crowd out the rest. */
const INTERVAL_MS = 20;
const HINTS_PER_INTERVAL = 10;

/** Passes hints on at once while there are few; under load it joins those of one topic. */
export class HintPacer implements Disposable {
  readonly #deliver: (topic: string) => void;
  readonly #waiting = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(deliver: (topic: string) => void) {
    this.#deliver = deliver;
  }

  add(topic: string): void {
    this.#waiting.add(topic);
    if (this.#timer === null) this.#pass();
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting.clear();
  }

  #pass(): void {
    this.#timer = null;
    if (this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => this.#pass(), INTERVAL_MS);
    let left = HINTS_PER_INTERVAL;
    for (const topic of this.#waiting) {
      if (left-- === 0) return;
      this.#waiting.delete(topic);
      this.#deliver(topic);
    }
  }
}
