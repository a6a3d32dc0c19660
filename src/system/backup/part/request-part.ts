/** A part of a snapshot for a person at a terminal: by a worker of the service that runs, or right here when none does. */
import { RUNS_AVAILABLE } from '../../../runs/channel.ts';
import type { Configuration } from '../../configuration.ts';
import { dataFolderAt } from '../../data-folder.ts';
import { readInstallationState } from '../../installation-state.ts';
import { openChannel, openLedger, openSecrets } from '../../shared-stores.ts';
import { followRun } from '../follow-run.ts';
import { readKeyFile, repositoriesToRead } from '../repositories.ts';
import type { PartProgress, PartReport } from './part.ts';
import { RESTORE_PART_PROGRESS, type RestorePartInput, startRestorePart } from './part-run.ts';
import { restorePart } from './restore-part.ts';

export interface RequestPart extends RestorePartInput {
  configuration: Configuration;
  keyFile: string;
  dryRun: boolean;
  /** Ends the run, too. */
  signal: AbortSignal;
  onProgress: (progress: PartProgress) => void;
}

export async function requestPart(request: RequestPart): Promise<PartReport> {
  const { configuration, keyFile, dryRun, signal, onProgress, ...input } = request;
  const identities = await readKeyFile(keyFile);
  const { running } = await readInstallationState(dataFolderAt(configuration.dataDir), configuration);
  // A folder that only this machine knows is none for the worker of a run.
  const isConfigured = repositoriesToRead(configuration, input.repository).every((one) =>
    configuration.backup.repositories.includes(one),
  );
  if (dryRun || !running || !isConfigured) {
    const report = await restorePart({ configuration, ...input, identities, dryRun, signal, onProgress });
    if (running && !dryRun) await announce(configuration);
    return report;
  }
  await using ledger = await openLedger(configuration);
  await using channel = await openChannel(configuration, ledger);
  const { id } = await startRestorePart(ledger, openSecrets(configuration), input, identities);
  channel.publish(RUNS_AVAILABLE, '');
  return await followRun<PartReport>(ledger, id, {
    signal,
    onEvent({ type, payload }) {
      if (type === RESTORE_PART_PROGRESS) onProgress(payload as PartProgress);
    },
  });
}

/** The index is filled by runs that wait. */
async function announce(configuration: Configuration): Promise<void> {
  await using ledger = await openLedger(configuration);
  await using channel = await openChannel(configuration, ledger);
  channel.publish(RUNS_AVAILABLE, '');
}
