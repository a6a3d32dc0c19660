import { newId } from '../../contract/ids.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { RunInterruption } from '../../runs/interruption.ts';
import type { Run, RunHandler } from '../../runs/run.ts';
import { submitRun } from '../../runs/run-store.ts';
import type { SnapshotManifest } from '../ports.ts';
import type { SnapshotProgress } from './take-snapshot.ts';

export const SNAPSHOT_RUN = 'snapshot';
export const SNAPSHOT_PROGRESS = 'snapshot.progress';

/** Belongs to no tenant. */
const SYSTEM_WORKSPACE = 'system';
const TIMEOUT_MS = 24 * 60 * 60_000;
/** For people who watch; each is a row. */
const PROGRESS_MS = 500;

export interface SnapshotInput {
  /** By which the settings know it. */
  repository: string;
  snapshotId: string;
  label: string | null;
  /** Absent for what a person has asked for. */
  occasion?: 'schedule' | 'manual';
}

/** What is shown of a snapshot that was made. */
export type SnapshotResult = Pick<
  SnapshotManifest,
  'id' | 'createdAt' | 'counts' | 'plainBytes' | 'addedBytes' | 'label'
> & { repository: string };

/** One at a time for each repository. @returns the run to announce */
export async function submitSnapshot(
  tx: Sql,
  request: Omit<SnapshotInput, 'snapshotId'>,
  now: number,
): Promise<Run> {
  const input: SnapshotInput = { ...request, snapshotId: newId('snapshot') };
  const { run } = await submitRun(
    tx,
    {
      kind: SNAPSHOT_RUN,
      workspaceId: SYSTEM_WORKSPACE,
      subjectId: request.repository,
      input,
      timeoutMs: TIMEOUT_MS,
      priority: -10,
    },
    now,
  );
  return run;
}

/** @param perform takes the snapshot of that id, or finds that it was taken: what it copied before is not copied again */
export function createSnapshotHandler(
  perform: (
    input: SnapshotInput,
    signal: AbortSignal,
    onProgress: (progress: SnapshotProgress) => void,
  ) => Promise<SnapshotResult>,
): RunHandler<SnapshotInput> {
  return {
    kind: SNAPSHOT_RUN,
    concurrency: 1,
    async handle(context) {
      let toldMs = Number.NEGATIVE_INFINITY;
      let phase = '';
      const result = await perform(context.input, context.signal, (progress) => {
        if (progress.phase === phase && performance.now() - toldMs < PROGRESS_MS) return;
        toldMs = performance.now();
        phase = progress.phase;
        void context.emit(SNAPSHOT_PROGRESS, progress).catch(() => {});
      }).catch((error: unknown) => {
        throw context.signal.reason instanceof RunInterruption ? context.signal.reason : error;
      });
      return { status: 'completed', result };
    },
  };
}
