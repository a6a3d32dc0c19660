import type { CircuitChange } from './circuit.ts';
import { Dependency, type DependencyOptions } from './dependency.ts';
import type { DependencyState } from './dependency-state.ts';

export type DependencyListener = (dependency: Dependency, change: CircuitChange) => void;

/** Everything that this process depends on, each once. */
export class Dependencies implements Disposable {
  readonly #byName = new Map<string, Dependency>();
  readonly #listeners = new Set<DependencyListener>();
  /** Told the words in which a single request was refused, for the log. */
  onRefusal: (dependency: Dependency, error: unknown) => void = () => {};

  add(options: DependencyOptions): Dependency {
    if (this.#byName.has(options.name)) throw new Error(`there are two dependencies named ${options.name}`);
    const dependency = new Dependency(options);
    dependency.onChange = (change) => {
      for (const listener of this.#listeners) listener(dependency, change);
    };
    dependency.onRefusal = (error) => this.onRefusal(dependency, error);
    this.#byName.set(options.name, dependency);
    return dependency;
  }

  get(name: string): Dependency | undefined {
    return this.#byName.get(name);
  }

  states(): DependencyState[] {
    return [...this.#byName.values()].map((dependency) => dependency.state);
  }

  [Symbol.iterator](): Iterator<Dependency> {
    return this.#byName.values();
  }

  /** @returns a function that ends the subscription. */
  subscribe(listener: DependencyListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    for (const dependency of this.#byName.values()) dependency[Symbol.dispose]();
  }
}
