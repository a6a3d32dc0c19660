import { Worker } from 'node:worker_threads';
import { BudaoError } from '../../contract/errors.ts';
import type { FromThread } from './thread-side.ts';

/** After it was asked to stop; what it leaves behind is what a kill leaves behind. */
const STOP_PATIENCE_MS = 5_000;

/**
 * Does a job in a thread of its own, so that streams in the same process go on meanwhile.
 *
 * @param entry the address of the thread's file without its ending: the compiled program has it under another one
 */
export async function performInThread<Result, Progress>(
  entry: URL,
  job: unknown,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<Result> {
  signal.throwIfAborted();
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`${entry.href}.${ending}`), { workerData: job });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const stop = (): void => {
    thread.postMessage('stop', []);
    setTimeout(() => void thread.terminate(), STOP_PATIENCE_MS).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  thread.on('message', (message: FromThread<Result, Progress>) => {
    if (message.type === 'progress') onProgress(message.progress);
    else if (message.type === 'done') resolve(message.result);
    else reject(new BudaoError(message.failure.kind, message.failure.code, message.failure.message));
  });
  thread.on('error', reject);
  thread.on('exit', (code) =>
    reject(signal.aborted ? signal.reason : new Error(`the thread ended with code ${code}`)),
  );
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
