/** A place in memory, with its own clock; it can be copied, and be away. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { BudaoError } from '../../../contract/errors.ts';
import type { RepositoryStorage } from '../../ports.ts';

export class MemoryStorage implements RepositoryStorage {
  readonly name = 'memory';
  readonly files: Map<string, { body: Buffer; modifiedAt: number }>;
  now = Date.UTC(2026, 10, 1);

  constructor(files: MemoryStorage['files'] = new Map()) {
    this.files = new Map(files);
  }

  async put(key: string, body: Buffer): Promise<void> {
    this.files.set(key, { body: Buffer.from(body), modifiedAt: this.now });
  }

  async putFile(key: string, path: string): Promise<void> {
    await this.put(key, await readFile(path));
  }

  async putIfAbsent(key: string, body: Buffer): Promise<boolean> {
    if (this.files.has(key)) return false;
    await this.put(key, body);
    return true;
  }

  async get(key: string): Promise<Buffer | null> {
    return this.files.get(key)?.body ?? null;
  }

  async read(key: string): Promise<Readable | null> {
    const body = await this.get(key);
    return body === null ? null : Readable.from([body], { objectMode: false });
  }

  async *list(prefix: string) {
    for (const [key, { body, modifiedAt }] of [...this.files].sort(([left], [right]) =>
      left < right ? -1 : 1,
    )) {
      if (key.startsWith(prefix)) yield { key, bytes: body.length, modifiedAt };
    }
  }

  async delete(key: string): Promise<void> {
    this.files.delete(key);
  }
}

/** Does so many changes; then the process is dead: nothing more is done, and every call fails. */
export class DyingStorage implements RepositoryStorage {
  readonly name = 'a place that goes away';
  readonly #place: RepositoryStorage;
  /** Whether the last change is carried out although nobody learns of it. */
  readonly #isLastDone: boolean;
  left: number;

  constructor(place: RepositoryStorage, changes: number, isLastDone: boolean) {
    this.#place = place;
    this.#isLastDone = isLastDone;
    this.left = changes;
  }

  put = (key: string, body: Buffer) => this.#change(() => this.#place.put(key, body));
  putFile = (key: string, path: string) => this.#change(() => this.#place.putFile(key, path));
  putIfAbsent = (key: string, body: Buffer) => this.#change(() => this.#place.putIfAbsent(key, body));
  delete = (key: string) => this.#change(() => this.#place.delete(key));
  get = (key: string) => this.#look(() => this.#place.get(key));
  read = (key: string) => this.#look(() => this.#place.read(key));

  async *list(prefix: string) {
    yield* await this.#look(() => Array.fromAsync(this.#place.list(prefix)));
  }

  async #change<T>(work: () => Promise<T>): Promise<T> {
    this.#requireAlive();
    this.left -= 1;
    if (this.left >= 0) return work();
    if (this.#isLastDone) await work();
    throw away();
  }

  async #look<T>(work: () => Promise<T>): Promise<T> {
    this.#requireAlive();
    return work();
  }

  #requireAlive(): void {
    if (this.left < 0) throw away();
  }
}

function away(): BudaoError {
  return new BudaoError('unavailable', 'repository_unavailable', 'The place is away.');
}
