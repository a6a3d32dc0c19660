/** Undoes what would outlive a test: namespaces, mounts, frozen processes. It acts even when the test itself is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Its input ends with the test, however that ends; then it goes through what is left, the newest first. */
const WATCH = `cat >/dev/null; for file in $(ls -r "$1"); do sh "$1/$file" >/dev/null 2>&1; done; rm -rf "$1"`;

export class Finaliser implements AsyncDisposable {
  readonly #folder: string;
  readonly #watcher: ChildProcess;
  #count = 0;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'budao-undo-'));
    this.#watcher = spawn('sh', ['-c', WATCH, 'sh', this.#folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#watcher.unref();
  }

  /**
   * Keeps a shell's line for the end; it must do no harm when it was done before.
   *
   * @returns a function that forgets it
   */
  add(command: string): () => void {
    const path = join(this.#folder, `${String(++this.#count).padStart(6, '0')}.sh`);
    writeFileSync(path, command);
    return () => rmSync(path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#watcher.once('exit', resolve));
    this.#watcher.ref();
    this.#watcher.stdin?.end();
    await ended;
  }
}
