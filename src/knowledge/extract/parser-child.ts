import { type ChildProcess, fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { BudaoError } from '../../contract/errors.ts';
import type { Block, ExtractedDocument, ExtractionLimits } from './extracted-document.ts';
import { memoryLimitMark, type ParserMessage, type ParserRequest } from './parser-protocol.ts';
import { crashedDocument, refusal } from './refusals.ts';

/** Beside the heap there are the runtime itself, file contents and inflated parts. */
const residentAllowanceMb = 256;
const startTimeoutMs = 30_000;
const keptErrorCharacters = 4_000;
const mebibyte = 1024 * 1024;
const outsideSignals = new Set<NodeJS.Signals>(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

export interface ParserChildOptions {
  entry: string | URL;
  limits: ExtractionLimits;
  onSpawn?: ((pid: number) => void) | undefined;
  onExit?: ((pid: number) => void) | undefined;
}

interface PendingJob {
  id: number;
  blocks: Block[];
  resolve(document: ExtractedDocument): void;
  reject(error: unknown): void;
}

/** One parser process. It ends with its first failure; the pool starts the next. */
export class ParserChild {
  /** Documents taken so far. */
  jobs = 0;
  alive = true;
  /** Resolves when the process is gone. */
  readonly closed: Promise<void>;
  readonly #limits: ExtractionLimits;
  readonly #process: ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  #job: PendingJob | null = null;
  #killedFor: { reason: unknown } | null = null;
  #errors = '';

  constructor({ entry, limits, onSpawn, onExit }: ParserChildOptions) {
    this.#limits = limits;
    const maxResidentBytes = (limits.maxMemoryMb + residentAllowanceMb) * mebibyte;
    this.#process = fork(entry, [String(maxResidentBytes)], {
      // The parser reads files and nothing else: no writing, no programs, no native code, and no secrets to leak.
      execArgv: [
        `--max-old-space-size=${limits.maxMemoryMb}`,
        '--permission',
        '--allow-fs-read=*',
        '--allow-worker',
        '--disable-warning=SecurityWarning',
        '--disable-warning=ExperimentalWarning',
      ],
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const { pid } = this.#process;
    if (pid !== undefined) {
      yieldToAnswers(pid);
      onSpawn?.(pid);
    }
    // Nobody may be waiting yet when the process fails to start.
    this.#ready.promise.catch(() => undefined);
    this.closed = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        this.#fail(this.#killedFor?.reason ?? this.#exitError(code, signal));
        if (pid !== undefined) onExit?.(pid);
        resolve();
      });
      this.#process.once('error', (error) => {
        this.#fail(unavailable(error.message));
        if (pid === undefined) resolve();
      });
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptErrorCharacters);
    });
    this.#process.on('message', (message: ParserMessage) => this.#receive(message));
  }

  /** @throws BudaoError, or the signal's reason */
  async extract(request: Omit<ParserRequest, 'limits'>, signal?: AbortSignal): Promise<ExtractedDocument> {
    const onAbort = (): void => this.kill(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal?.aborted) onAbort();
      await this.#within(startTimeoutMs, unavailable('it did not start in time'), this.#ready.promise);
      return await this.#within(this.#limits.timeoutMs, timedOut(this.#limits), this.#run(request));
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the process at once; a document in hand fails with this reason, after the process is gone. */
  kill(reason: unknown): void {
    this.#killedFor ??= { reason };
    this.alive = false;
    this.#process.kill('SIGKILL');
  }

  async #within<T>(timeoutMs: number, error: BudaoError, work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.kill(error), timeoutMs);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  #run(request: Omit<ParserRequest, 'limits'>): Promise<ExtractedDocument> {
    return new Promise((resolve, reject) => {
      this.jobs++;
      this.#job = { id: request.id, blocks: [], resolve, reject };
      const message: ParserRequest = { ...request, limits: this.#limits };
      // A failed send means that the process is ending; its close says why.
      this.#process.send(message, () => undefined);
    });
  }

  #receive(message: ParserMessage): void {
    if (message.type === 'ready') {
      this.#ready.resolve();
      return;
    }
    const job = this.#job;
    if (job?.id !== message.id) return;
    if (message.type === 'blocks') {
      for (const block of message.blocks) job.blocks.push(block);
      return;
    }
    this.#job = null;
    if (message.type === 'done') job.resolve({ ...message.document, blocks: job.blocks });
    else job.reject(new BudaoError(message.kind, message.code, message.message));
  }

  #fail(error: unknown): void {
    this.alive = false;
    this.#ready.reject(error);
    this.#job?.reject(error);
    this.#job = null;
  }

  #exitError(code: number | null, signal: NodeJS.Signals | null): BudaoError {
    if (
      /heap out of memory|Allocation failed/u.test(this.#errors) ||
      this.#errors.includes(memoryLimitMark)
    ) {
      return outOfMemory(this.#limits);
    }
    if (signal !== null && outsideSignals.has(signal)) return interrupted();
    if (this.#job === null) return unavailable(this.#errors.trim().split('\n').at(-1) ?? `exit code ${code}`);
    return crashedDocument(signal === null ? `exit code ${code}` : `signal ${signal}`);
  }
}

/** Where cores are few, reading documents takes what the writing of answers leaves. */
function yieldToAnswers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A system that does not let it, or a process that has ended already: slower answers, and nothing worse.
  }
}

function timedOut({ timeoutMs }: ExtractionLimits): BudaoError {
  return refusal(
    'extraction_timeout',
    `Reading the document took longer than ${timeoutMs / 1000} seconds. Split it into smaller ones, or save it anew in a simpler form, and upload that.`,
  );
}

function outOfMemory({ maxMemoryMb }: ExtractionLimits): BudaoError {
  return refusal(
    'extraction_out_of_memory',
    `The document needs more than the ${maxMemoryMb} MB of memory that are allowed. Split it into smaller ones, or remove large tables and pictures.`,
  );
}

/** Somebody else ended the parser: the document is not to blame and may be tried again. */
export function interrupted(): BudaoError {
  return new BudaoError(
    'unavailable',
    'extraction_interrupted',
    'Reading the document was interrupted from outside. It can be tried again.',
  );
}

function unavailable(detail: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'extraction_unavailable',
    `The parser could not be started (${detail}). Check the installation and its free memory, then try again.`,
  );
}
