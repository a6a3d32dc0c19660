/** A part of a snapshot restored by a run of the service, with progress for whoever watches. */
import type { SecretStore } from '../../../access/secret-store.ts';
import { BudaoError } from '../../../contract/errors.ts';
import { newId } from '../../../contract/ids.ts';
import { ledgerTime } from '../../../ledger/clock.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import type { Channel } from '../../../runs/channel.ts';
import { RUNS_AVAILABLE } from '../../../runs/channel.ts';
import { RunInterruption } from '../../../runs/interruption.ts';
import type { Run, RunHandler } from '../../../runs/run.ts';
import { submitRun } from '../../../runs/run-store.ts';
import type { Configuration } from '../../configuration.ts';
import { openSecrets } from '../../shared-stores.ts';
import { performInThread } from '../in-thread.ts';
import type { PartProgress, PartReport, PartSelector } from './part.ts';
import type { PartJob } from './restore-part.ts';
import { forgetKeys, forgetKeysOfEndedRuns, keepKeys, openKeys, sealKeys } from './sealed-key.ts';

export const RESTORE_PART_RUN = 'restore-part';
export const RESTORE_PART_PROGRESS = 'restore-part.progress';

/** Belongs to no tenant. */
const SYSTEM_WORKSPACE = 'system';
const TIMEOUT_MS = 24 * 60 * 60_000;
/** For people who watch; each is a row. */
const PROGRESS_MS = 500;
const PRIORITY = -5;

export interface RestorePartInput {
  selector: PartSelector;
  /** As the settings call it; null for all of them. */
  repository: string | null;
  /** Null for the newest one that has it. */
  snapshotId: string | null;
  into: string | null;
  /** Who gets what belonged to people who are gone, by name or id; null for the first owner. */
  restorer: string | null;
}

/** One at a time. @param identities recovery keys, sealed until the run has ended */
export async function startRestorePart(
  ledger: Ledger,
  secrets: SecretStore,
  input: RestorePartInput,
  identities: readonly string[],
): Promise<Run> {
  const id = newId('run');
  const sealed = await sealKeys(secrets, id, identities);
  return ledger.transaction(async (tx) => {
    const now = ledgerTime();
    await forgetKeysOfEndedRuns(tx);
    const { run } = await submitRun(
      tx,
      {
        id,
        kind: RESTORE_PART_RUN,
        workspaceId: SYSTEM_WORKSPACE,
        subjectId: RESTORE_PART_RUN,
        input,
        timeoutMs: TIMEOUT_MS,
        priority: PRIORITY,
      },
      now,
    );
    await keepKeys(tx, id, sealed, now);
    return run;
  });
}

export function createRestorePartHandler(
  { ledger, channel }: { ledger: Ledger; channel: Channel },
  configuration: Configuration,
): RunHandler<RestorePartInput> {
  const { dataDir, stores, backup } = configuration;
  return {
    kind: RESTORE_PART_RUN,
    concurrency: 1,
    async handle(context) {
      const { run, input, signal } = context;
      const forget = (): Promise<void> => ledger.transaction((tx) => forgetKeys(tx, run.id));
      let toldMs = Number.NEGATIVE_INFINITY;
      let phase = '';
      const onProgress = (progress: PartProgress): void => {
        if (progress.phase === phase && performance.now() - toldMs < PROGRESS_MS) return;
        toldMs = performance.now();
        phase = progress.phase;
        void context.emit(RESTORE_PART_PROGRESS, progress).catch(() => {});
      };
      try {
        const identities = await openKeys(ledger.read, openSecrets(configuration), run.id);
        const job: PartJob = {
          configuration: { dataDir, stores, backup },
          ...input,
          identities,
          dryRun: false,
        };
        const entry = new URL('./part-thread', import.meta.url);
        const result = await performInThread<PartReport, PartProgress>(entry, job, signal, onProgress);
        channel.publish(RUNS_AVAILABLE, '');
        await forget();
        return { status: 'completed', result };
      } catch (error) {
        if (signal.reason instanceof RunInterruption) throw signal.reason;
        const isTriedAgain = error instanceof BudaoError && error.kind === 'unavailable';
        if (!isTriedAgain) await forget();
        throw error;
      }
    },
  };
}
