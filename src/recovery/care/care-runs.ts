import type { Sql } from '../../ledger/ledger.ts';
import { RunInterruption } from '../../runs/interruption.ts';
import type { Run, RunHandler } from '../../runs/run.ts';
import { submitRun } from '../../runs/run-store.ts';
import { submitSnapshot } from '../snapshot/snapshot-handler.ts';
import { type CareInput, kindOf } from './care-kinds.ts';
import type { CareOutcome } from './results.ts';
import type { CareTask } from './schedules.ts';

export const CARE_PROGRESS = 'backup.progress';

/** Belongs to no tenant. */
const SYSTEM_WORKSPACE = 'system';
const TIMEOUT_MS = 24 * 60 * 60_000;
/** Whatever fails for a while is tried again: a few times within some minutes, and then told. */
const MAX_ATTEMPTS = 5;
/** For people who watch; each is a row. */
const PROGRESS_MS = 500;

export interface CareProgress {
  phase: string;
  done: number;
  total: number;
}

/** One at a time for each task and repository. @returns the run to announce */
export async function submitCare(tx: Sql, task: CareTask, input: CareInput, now: number): Promise<Run> {
  const { repository, occasion } = input;
  if (task === 'snapshot') return submitSnapshot(tx, { repository, label: null, occasion }, now);
  const { run } = await submitRun(
    tx,
    {
      kind: kindOf(task),
      workspaceId: SYSTEM_WORKSPACE,
      subjectId: repository,
      input,
      timeoutMs: TIMEOUT_MS,
      maxAttempts: MAX_ATTEMPTS,
      priority: -15,
    },
    now,
  );
  return run;
}

/** @param perform can be broken off and begun again at any moment */
export function createCareHandler(
  task: Exclude<CareTask, 'snapshot'>,
  perform: (
    input: CareInput,
    signal: AbortSignal,
    onProgress: (progress: CareProgress) => void,
  ) => Promise<CareOutcome>,
): RunHandler<CareInput> {
  return {
    kind: kindOf(task),
    concurrency: 1,
    async handle(context) {
      let toldMs = Number.NEGATIVE_INFINITY;
      let phase = '';
      const result = await perform(context.input, context.signal, (progress) => {
        if (progress.phase === phase && performance.now() - toldMs < PROGRESS_MS) return;
        toldMs = performance.now();
        phase = progress.phase;
        void context.emit(CARE_PROGRESS, progress).catch(() => {});
      }).catch((error: unknown) => {
        throw context.signal.reason instanceof RunInterruption ? context.signal.reason : error;
      });
      return { status: 'completed', result };
    },
  };
}
