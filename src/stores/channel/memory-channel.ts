import type { Channel } from '../../runs/channel.ts';

/** The channel of a single process: for command-line work beside no service, and for tests. */
export class MemoryChannel implements Channel {
  readonly #listeners = new Map<string, Set<(message: string) => void>>();
  #turn = 0;

  publish(topic: string, message: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) queueMicrotask(() => listener(message));
  }

  publishToOne(topic: string, message: string): void {
    const listeners = [...(this.#listeners.get(topic) ?? [])];
    const chosen = listeners[this.#turn++ % Math.max(1, listeners.length)];
    if (chosen !== undefined) queueMicrotask(() => chosen(message));
  }

  subscribe(topic: string, listener: (message: string) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(topic);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
  }
}
