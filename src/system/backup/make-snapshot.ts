/** A snapshot for a person at a terminal: by a worker of the service that runs, or right here when none does. */
import { newId } from '../../contract/ids.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { insertResult } from '../../recovery/care/results.ts';
import {
  SNAPSHOT_PROGRESS,
  type SnapshotResult,
  submitSnapshot,
} from '../../recovery/snapshot/snapshot-handler.ts';
import type { SnapshotProgress } from '../../recovery/snapshot/take-snapshot.ts';
import { RUNS_AVAILABLE } from '../../runs/channel.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { installationId } from '../installation-id.ts';
import { readInstallationState } from '../installation-state.ts';
import { openChannel, openLedger } from '../shared-stores.ts';
import { followRun } from './follow-run.ts';
import { findRepository } from './repositories.ts';
import { performSnapshot, snapshotJob } from './snapshot-job.ts';

export type { SnapshotResult };

export interface MakeSnapshot {
  configuration: Configuration;
  /** As the settings call it; null where there is one only. */
  repository: string | null;
  label: string | null;
  /** Ends the run, too. */
  signal: AbortSignal;
  onProgress: (progress: SnapshotProgress) => void;
}

export async function makeSnapshot(request: MakeSnapshot): Promise<SnapshotResult> {
  const { configuration, label, signal, onProgress } = request;
  const settings = findRepository(configuration, request.repository);
  const isConfigured = configuration.backup.repositories.includes(settings);
  const repository = isConfigured ? settings.name : (request.repository ?? settings.name);
  const { running } = await readInstallationState(dataFolderAt(configuration.dataDir), configuration);
  await using ledger = await openLedger(configuration);
  if (running && isConfigured) return await bySubmission(ledger, { ...request, repository });
  const job = snapshotJob(configuration, {
    input: { repository, label, snapshotId: newId('snapshot') },
    installationId: await installationId(ledger),
    clockAheadMs: ledgerTime() - Date.now(),
  });
  const startedAt = ledgerTime();
  const result = await performSnapshot(job, signal, onProgress);
  await keepResult(ledger, settings.name, result, startedAt);
  return result;
}

/** A snapshot by a worker is a run, whose result is gathered. */
async function keepResult(
  ledger: Ledger,
  repository: string,
  evidence: SnapshotResult,
  startedAt: number,
): Promise<void> {
  const finishedAt = ledgerTime();
  const verdict = { verdict: 'pass', code: null, message: null, evidence } as const;
  const when = { startedAt, finishedAt, durationMs: Math.max(0, finishedAt - startedAt) };
  const result = {
    task: 'snapshot',
    repository,
    runId: null,
    occasion: 'manual',
    ...when,
    ...verdict,
  } as const;
  await ledger.transaction((tx) => insertResult(tx, result));
}

async function bySubmission(
  ledger: Ledger,
  { configuration, repository, label, signal, onProgress }: MakeSnapshot & { repository: string },
): Promise<SnapshotResult> {
  await using channel = await openChannel(configuration, ledger);
  const { id } = await ledger.transaction((tx) => submitSnapshot(tx, { repository, label }, ledgerTime()));
  channel.publish(RUNS_AVAILABLE, '');
  return await followRun<SnapshotResult>(ledger, id, {
    signal,
    onEvent({ type, payload }) {
      if (type === SNAPSHOT_PROGRESS) onProgress(payload as SnapshotProgress);
    },
  });
}
