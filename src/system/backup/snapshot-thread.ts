// The thread in which a snapshot is taken, so that streams in the same process go on meanwhile.

import { parentPort, workerData } from 'node:worker_threads';
import type { ErrorCode } from '../../contract/error-codes.ts';
import { BudaoError, type ErrorKind } from '../../contract/errors.ts';
import type { SnapshotResult } from '../../recovery/snapshot/snapshot-handler.ts';
import type { SnapshotProgress } from '../../recovery/snapshot/take-snapshot.ts';
import { performSnapshot, type SnapshotJob } from './snapshot-job.ts';

/** Each message wakes the other thread. */
const PROGRESS_MS = 200;

export type FromSnapshot =
  | { type: 'progress'; progress: SnapshotProgress }
  | { type: 'done'; result: SnapshotResult }
  | { type: 'failed'; failure: { kind: ErrorKind; code: ErrorCode; message: string } };

const stop = new AbortController();
const tell = (message: FromSnapshot): void => parentPort?.postMessage(message);
let toldMs = Number.NEGATIVE_INFINITY;
let phase = '';

parentPort?.once('message', () => stop.abort());
performSnapshot(workerData as SnapshotJob, stop.signal, (progress) => {
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
