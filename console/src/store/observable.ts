import { useSyncExternalStore } from 'react';

/** A value that lives outside React and tells its readers when it changes. */
export class Observable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  get = (): T => this.#value;

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Resolves with the first value, from now on, that passes. Rejects when aborted. */
  until(passes: (value: T) => boolean, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!passes(this.#value)) return;
        stop();
        resolve(this.#value);
      };
      const abort = () => {
        stop();
        reject(signal?.reason as Error);
      };
      const stop = () => {
        unsubscribe();
        signal?.removeEventListener('abort', abort);
      };
      const unsubscribe = this.subscribe(check);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
      check();
    });
  }
}

export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get);
}
