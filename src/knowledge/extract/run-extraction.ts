import { extname } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import type { ExtractedDocument } from './extracted-document.ts';
import { interrupted, ParserChild, type ParserChildOptions } from './parser-child.ts';

export interface ExtractionJob {
  /** File with the document's bytes. */
  path: string;
  /** As the person named it; may be anything. */
  filename: string;
  /** What the bytes must be; others are refused as damaged. */
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Documents after which a child is replaced, so that leaks in libraries never add up. */
const documentsPerChild = 100;
/** A child without work gives its memory back. */
const idleMs = 30_000;
const maxWaitingJobs = 1_000;

/** The parser process's entry, in the same form (source or compiled) as the running program. */
export const parserProcessEntry = new URL(`./parser-process${extname(import.meta.url)}`, import.meta.url);

/** Reads documents in a process of its own, one after the other; whatever happens there stays there. */
export class ParserPool implements AsyncDisposable {
  readonly #options: ParserChildOptions;
  readonly #closing = new AbortController();
  #child: ParserChild | null = null;
  #idleTimer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #nextId = 1;

  constructor(options: ParserChildOptions) {
    this.#options = options;
  }

  /**
   * Waits for its turn, then reads the document; the time limit counts from there.
   * @throws BudaoError of kind `invalid` with a RefusalCode when the document is to blame, of kind `unavailable`
   * (`extraction_interrupted`, `extraction_unavailable`, `extraction_busy`) when it may be tried again; the signal's
   * reason when that aborts
   */
  async extract(job: ExtractionJob): Promise<ExtractedDocument> {
    const signal = AbortSignal.any([this.#closing.signal, ...(job.signal === undefined ? [] : [job.signal])]);
    signal.throwIfAborted();
    if (this.#waiting >= maxWaitingJobs) throw busy();
    const before = this.#turn;
    const done = Promise.withResolvers<void>();
    this.#turn = before.then(() => done.promise);
    this.#waiting++;
    try {
      await orAborted(before, signal);
      return await this.#extractNow(job, signal);
    } finally {
      this.#waiting--;
      done.resolve();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(interrupted());
    await this.#turn;
    await this.#endChild();
  }

  async #extractNow(job: ExtractionJob, signal: AbortSignal): Promise<ExtractedDocument> {
    clearTimeout(this.#idleTimer);
    const child = this.#child?.alive === true ? this.#child : new ParserChild(this.#options);
    this.#child = child;
    try {
      const { path, filename, sha256 } = job;
      return await child.extract({ id: this.#nextId++, path, filename, sha256 }, signal);
    } finally {
      if (!child.alive || child.jobs >= documentsPerChild) await this.#endChild();
      else this.#idleTimer = setTimeout(() => void this.#endChild(), idleMs).unref();
    }
  }

  async #endChild(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const child = this.#child;
    this.#child = null;
    child?.kill(interrupted());
    await child?.closed;
  }
}

async function orAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([turn, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function busy(): BudaoError {
  return new BudaoError(
    'unavailable',
    'extraction_busy',
    `More than ${maxWaitingJobs} documents are waiting to be read. Try again later.`,
  );
}
