/** The log as files, one for each day, which leave after their time. All processes of a node write to the same one. */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LogSink } from './log-sink.ts';

const NAME = /^budao-(\d{4}-\d{2}-\d{2})\.jsonl$/;
const DAY_MS = 86_400_000;
/** After a folder could not be written; stderr has every line, too. */
const RETRY_MS = 60_000;

export class DailyLog {
  readonly #folder: string;
  readonly #days: number;
  readonly #now: () => number;
  #day = '';
  #open: { sink: LogSink; fd: number } | null = null;
  #retryAt = 0;

  constructor(folder: string, days: number, now: () => number = Date.now) {
    this.#folder = folder;
    this.#days = days;
    this.#now = now;
  }

  /** A whole line: what is appended at once stays together, whoever else appends. */
  write(line: string): void {
    const now = this.#now();
    const day = dayOf(now);
    if (day !== this.#day && now >= this.#retryAt) this.#begin(day, now);
    this.#open?.sink.write(line);
  }

  flush(whenWritten: () => void): void {
    if (this.#open === null) whenWritten();
    else this.#open.sink.flush(whenWritten);
  }

  #begin(day: string, now: number): void {
    const before = this.#open;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const fd = openSync(join(this.#folder, `budao-${day}.jsonl`), 'a', 0o600);
      this.#open = { sink: new LogSink(fd), fd };
      this.#day = day;
      before?.sink.flush(() => closeSync(before.fd));
      this.#removeOld(now);
    } catch {
      // A disk that is full or away stops nothing but this copy of the log.
      this.#retryAt = now + RETRY_MS;
    }
  }

  #removeOld(now: number): void {
    const oldest = dayOf(now - (this.#days - 1) * DAY_MS);
    for (const name of readdirSync(this.#folder)) {
      const [, day] = NAME.exec(name) ?? [];
      if (day !== undefined && day < oldest) rmSync(join(this.#folder, name), { force: true });
    }
  }
}

/** In UTC, so that the same file is meant by every node. */
function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
