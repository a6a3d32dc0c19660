import { write, writeSync } from 'node:fs';

/** What waits for a reader who has stopped reading, such as a terminal on hold; more than that is dropped. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 50;
/** A write that takes longer is waiting for a reader. */
const STUCK_MS = 1_000;

/**
 * Writes lines beside the event loop. A pipe that nobody empties, a terminal that is gone and a full disk under a log
 * file lose lines of the log, and stop nothing else.
 */
export class LogSink {
  readonly #fd: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #writingSinceMs: number | null = null;
  #whenWritten: (() => void)[] = [];

  constructor(fd: number) {
    this.#fd = fd;
    process.once('exit', () => this.#writeLast());
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    if (this.#writingSinceMs === null) this.#writeWaiting();
  }

  /** Calls back once everything so far is written, or lost. */
  flush(whenWritten: () => void): void {
    if (this.#writingSinceMs === null) whenWritten();
    else this.#whenWritten.push(whenWritten);
  }

  #writeWaiting(): void {
    const text = this.#takeWaiting();
    this.#writingSinceMs = performance.now();
    this.#writeOn(Buffer.from(text));
  }

  #takeWaiting(): string {
    if (this.#dropped > 0) {
      this.#waiting.push(`{"level":40,"msg":"nobody read the log: ${this.#dropped} lines were dropped"}\n`);
      this.#dropped = 0;
    }
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#waitingBytes = 0;
    return text;
  }

  #writeOn(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this.#writeOn(bytes), RETRY_MS).unref();
      else if (error === null && written < bytes.length) this.#writeOn(bytes.subarray(written));
      else this.#afterWrite();
    });
  }

  #afterWrite(): void {
    this.#writingSinceMs = null;
    if (this.#waiting.length > 0) {
      this.#writeWaiting();
      return;
    }
    const told = this.#whenWritten;
    this.#whenWritten = [];
    for (const tell of told) tell();
  }

  #writeLast(): void {
    const isStuck = this.#writingSinceMs !== null && performance.now() - this.#writingSinceMs > STUCK_MS;
    if (isStuck || this.#waiting.length === 0) return;
    try {
      writeSync(this.#fd, this.#takeWaiting());
    } catch {
      // Nobody is left to be told.
    }
  }
}
