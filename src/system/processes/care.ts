// Reads repositories and brings snapshots to life, apart from the worker whose answers go on meanwhile.

import { setPriority } from 'node:os';
import { BudaoError } from '../../contract/errors.ts';
import { type CareJob, performCare } from '../backup/care-job.ts';
import type { FromCare } from '../backup/in-care-process.ts';
import { loadConfiguration } from '../configuration.ts';

/** Whoever answers people goes first. */
const LOW_PRIORITY = 10;
/** Each message wakes the other process. */
const PROGRESS_MS = 200;

const stop = new AbortController();
let toldMs = Number.NEGATIVE_INFINITY;
let phase = '';

function tell(message: FromCare, whenTold: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, {}, whenTold);
  else whenTold();
}

// The worker is gone, or wants this to end: what was made is removed on the way.
for (const event of ['disconnect', 'SIGTERM'] as const) process.on(event, () => stop.abort());
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
setPriority(LOW_PRIORITY);

process.once('message', (job: CareJob) => {
  void performCare(loadConfiguration(process.env), job, stop.signal, (progress) => {
    if (progress.phase === phase && performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    phase = progress.phase;
    tell({ type: 'progress', progress });
  })
    .then(
      (outcome): FromCare => ({ type: 'done', outcome }),
      (error: unknown): FromCare => {
        if (!(error instanceof BudaoError) && !stop.signal.aborted) throw error;
        const { kind, code, message } =
          error instanceof BudaoError
            ? error
            : ({ kind: 'internal', code: 'cancelled', message: 'It was stopped.' } as const);
        return { type: 'failed', failure: { kind, code, message } };
      },
    )
    .then((message) => tell(message, () => process.connected && process.disconnect()));
});
