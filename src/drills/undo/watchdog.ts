import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BEAT_MS = 1_000;
/** Longer than any pause of a drill on a busy machine, shorter than a person's patience. */
const SILENCE_MS = 60_000;

/** Undoes what is left of a drill when that dies or hangs. */
export class Watchdog implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #beat: NodeJS.Timeout;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#beat = setInterval(() => child.stdin?.write('.'), BEAT_MS);
    this.#beat.unref();
  }

  static async start(drillFolder: string, silenceMs = SILENCE_MS): Promise<Watchdog> {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`./watchdog-main.${extension}`, import.meta.url));
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', entry, drillFolder, String(silenceMs), String(process.pid)],
      { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' },
    );
    child.stdin?.on('error', () => {});
    await once(child, 'spawn');
    child.unref();
    return new Watchdog(child);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Ends the pipe, as the drill's death would, and waits until everything is cleared away. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beat);
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    this.#child.ref();
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }
}
