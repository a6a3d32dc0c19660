import { createHash } from 'node:crypto';
import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { createDrillClock, type DrillClock } from './clock.ts';
import { DrillFacts, type DrillFactsInput } from './facts.ts';
import { type DrillEvent, LOG_VERSION } from './record.ts';

export const FIRST_PREVIOUS = '0'.repeat(64);
const SYNC_EVERY_MS = 1_000;

const synced = promisify(fdatasync);

/**
 * Writes the raw log of one drill. A record that `add` has returned from survives the death of this process at once, and
 * a power cut within a second or after `sync`.
 */
export class DrillLog implements AsyncDisposable {
  readonly path: string;
  readonly facts: DrillFacts;
  readonly clock: DrillClock;
  readonly #file: number;
  readonly #timer: NodeJS.Timeout;
  readonly #watchers = new Set<(event: DrillEvent, atMs: number) => void>();
  #previous = FIRST_PREVIOUS;
  #seq = 0;
  #unsynced = false;
  #syncing: Promise<void> = Promise.resolve();
  #closed = false;

  /** @throws when the file is there already: a log is never continued */
  constructor(path: string, facts: DrillFactsInput) {
    this.path = path;
    this.facts = DrillFacts.parse(facts);
    this.clock = createDrillClock();
    this.#file = openSync(path, 'ax', 0o600);
    this.#timer = setInterval(() => void this.sync().catch(() => undefined), SYNC_EVERY_MS);
    this.#timer.unref();
    const { originNs } = this.clock;
    this.add({ type: 'drill', version: LOG_VERSION, originNs, facts: this.facts }, 0);
  }

  /** @param atMs when it happened, on the drill's clock; now where it is left out */
  add(event: DrillEvent, atMs = this.clock.nowMs()): void {
    if (this.#closed) return;
    const envelope = { seq: this.#seq + 1, atMs, utc: new Date().toISOString(), previous: this.#previous };
    const line = JSON.stringify({ ...envelope, ...event });
    writeWhole(this.#file, Buffer.from(`${line}\n`));
    this.#seq++;
    this.#previous = createHash('sha256').update(line).digest('hex');
    this.#unsynced = true;
    for (const watch of this.#watchers) watch(event, atMs);
  }

  /** Is told of each record from now on. @returns how to end that */
  watch(watcher: (event: DrillEvent, atMs: number) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  async sync(): Promise<void> {
    this.#syncing = this.#syncing
      .catch(() => undefined)
      .then(async () => {
        if (!this.#unsynced || this.#closed) return;
        this.#unsynced = false;
        await synced(this.#file);
      });
    return this.#syncing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    clearInterval(this.#timer);
    await this.sync();
    this.#closed = true;
    closeSync(this.#file);
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
