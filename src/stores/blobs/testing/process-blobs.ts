/** The blobs of a folder as another process works on them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ErrorCode } from '../../../contract/error-codes.ts';
import { BudaoError } from '../../../contract/errors.ts';
import type { BlobStore } from '../../../knowledge/ports.ts';

export type BlobCall =
  | { name: 'put'; content: string; maxBytes: number }
  | { name: 'open' | 'localCopy' | 'has' | 'verify'; sha256: string }
  | { name: 'damaged' }
  | { name: 'delete'; sha256: string; idleMs: number }
  | { name: 'list'; idleMs: number }
  | { name: 'sweep'; now: number };

export interface BlobAnswer {
  id: number;
  value?: unknown;
  error?: { message: string; code: string };
}

export class ProcessBlobs implements BlobStore, AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (answer: BlobAnswer) => void>();
  #calls = 0;

  constructor(folder: string) {
    const script = path.join(import.meta.dirname, 'blob-process.ts');
    this.#child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const answer = JSON.parse(line) as BlobAnswer;
      this.#pending.get(answer.id)?.(answer);
      this.#pending.delete(answer.id);
    });
  }

  async put(
    content: Readable,
    { maxBytes }: { maxBytes: number },
  ): Promise<{ sha256: string; bytes: number }> {
    return this.#call({ name: 'put', content: (await buffer(content)).toString('base64'), maxBytes });
  }

  async open(sha256: string): Promise<Readable> {
    return Readable.from([Buffer.from(await this.#call<string>({ name: 'open', sha256 }), 'base64')]);
  }

  has(sha256: string): Promise<boolean> {
    return this.#call({ name: 'has', sha256 });
  }

  verify(sha256: string): Promise<'ok' | 'missing' | 'corrupt'> {
    return this.#call({ name: 'verify', sha256 });
  }

  async damaged(): Promise<ReadonlySet<string>> {
    return new Set(await this.#call<string[]>({ name: 'damaged' }));
  }

  delete(sha256: string, { idleMs } = { idleMs: 0 }): Promise<boolean> {
    return this.#call({ name: 'delete', sha256, idleMs });
  }

  async *list({ idleMs } = { idleMs: 0 }): AsyncIterable<string> {
    yield* await this.#call<string[]>({ name: 'list', idleMs });
  }

  sweep(now: number): Promise<number> {
    return this.#call({ name: 'sweep', now });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #call<T>(call: BlobCall): Promise<T> {
    this.#calls += 1;
    const id = this.#calls;
    const answered = new Promise<BlobAnswer>((resolve) => this.#pending.set(id, resolve));
    this.#child.stdin?.write(`${JSON.stringify({ id, call })}\n`);
    const { value, error } = await answered;
    if (error !== undefined) throw new BudaoError('internal', error.code as ErrorCode, error.message);
    return value as T;
  }
}
