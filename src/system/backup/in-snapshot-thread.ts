import { Worker } from 'node:worker_threads';
import { BudaoError } from '../../contract/errors.ts';
import type { SnapshotResult } from '../../recovery/snapshot/snapshot-handler.ts';
import type { SnapshotProgress } from '../../recovery/snapshot/take-snapshot.ts';
import type { SnapshotJob } from './snapshot-job.ts';
import type { FromSnapshot } from './snapshot-thread.ts';

/** After it was asked to stop; what it leaves behind is what a kill leaves behind. */
const STOP_PATIENCE_MS = 5_000;

/** Takes a snapshot in a thread of its own. */
export async function performInThread(
  job: SnapshotJob,
  signal: AbortSignal,
  onProgress: (progress: SnapshotProgress) => void,
): Promise<SnapshotResult> {
  signal.throwIfAborted();
  // The compiled program has the thread beside this file under another ending.
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./snapshot-thread.${ending}`, import.meta.url), { workerData: job });
  const { promise, resolve, reject } = Promise.withResolvers<SnapshotResult>();
  const stop = (): void => {
    thread.postMessage('stop', []);
    setTimeout(() => void thread.terminate(), STOP_PATIENCE_MS).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  thread.on('message', (message: FromSnapshot) => {
    if (message.type === 'progress') onProgress(message.progress);
    else if (message.type === 'done') resolve(message.result);
    else reject(new BudaoError(message.failure.kind, message.failure.code, message.failure.message));
  });
  thread.on('error', reject);
  thread.on('exit', (code) =>
    reject(signal.aborted ? signal.reason : new Error(`the snapshot's thread ended with code ${code}`)),
  );
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
