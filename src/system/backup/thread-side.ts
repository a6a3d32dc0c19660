import { parentPort, workerData } from 'node:worker_threads';
import type { ErrorCode } from '../../contract/error-codes.ts';
import { BudaoError, type ErrorKind } from '../../contract/errors.ts';

/** Each message wakes the other thread. */
const PROGRESS_MS = 200;

export type FromThread<Result, Progress> =
  | { type: 'progress'; progress: Progress }
  | { type: 'done'; result: Result }
  | { type: 'failed'; failure: { kind: ErrorKind; code: ErrorCode; message: string } };

/** What a thread of `performInThread` does: its job, once, until it is told to stop. */
export function performJob<Job, Result, Progress extends { phase: string }>(
  perform: (job: Job, signal: AbortSignal, onProgress: (progress: Progress) => void) => Promise<Result>,
): void {
  const stop = new AbortController();
  const tell = (message: FromThread<Result, Progress>): void => parentPort?.postMessage(message);
  let toldMs = Number.NEGATIVE_INFINITY;
  let phase = '';
  parentPort?.once('message', () => stop.abort());
  perform(workerData as Job, stop.signal, (progress) => {
    if (progress.phase === phase && performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    phase = progress.phase;
    tell({ type: 'progress', progress: { ...progress } });
  })
    .then(
      (result) => tell({ type: 'done', result }),
      (error: unknown) => {
        if (!(error instanceof BudaoError)) throw error;
        const { kind, code, message } = error;
        tell({ type: 'failed', failure: { kind, code, message } });
      },
    )
    .finally(() => parentPort?.close());
}
