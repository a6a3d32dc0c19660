import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '../../contract/error-codes.ts';
import { BudaoError, type ErrorKind } from '../../contract/errors.ts';
import type { CareProgress } from '../../recovery/care/care-runs.ts';
import type { CareOutcome } from '../../recovery/care/results.ts';
import type { CareJob } from './care-job.ts';

export type FromCare =
  | { type: 'progress'; progress: CareProgress }
  | { type: 'done'; outcome: CareOutcome }
  | { type: 'failed'; failure: { kind: ErrorKind; code: ErrorCode; message: string } };

/** After it was asked to stop; a restored service leaves within that time. What it leaves behind is removed later. */
const STOP_PATIENCE_MS = 25_000;

/** Does it in a process of its own, which has the same settings, and ends with this one. */
export async function performInProcess(
  job: CareJob,
  signal: AbortSignal,
  onProgress: (progress: CareProgress) => void,
): Promise<CareOutcome> {
  signal.throwIfAborted();
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = fileURLToPath(new URL(`../processes/care.${ending}`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<CareOutcome>();
  const stop = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS).unref();
    // Whoever interrupts has no time to wait for what is tidied up.
    reject(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  child.on('message', (message: FromCare) => {
    if (message.type === 'progress') onProgress(message.progress);
    else if (message.type === 'done') resolve(message.outcome);
    else reject(new BudaoError(message.failure.kind, message.failure.code, message.failure.message));
  });
  child.on('error', reject);
  child.on('exit', (code, by) =>
    reject(new BudaoError('unavailable', 'run_lease_lost', `The process that did it ended (${by ?? code}).`)),
  );
  child.send(job, (error) => error !== null && reject(error));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
    // Its timers and its channel are no reason for this process to stay.
    if (child.connected) child.disconnect();
    child.unref();
  }
}
