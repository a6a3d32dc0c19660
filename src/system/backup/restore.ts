/** A restore as a person asks for it at a terminal. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SnapshotManifest } from '../../recovery/ports.ts';
import { type RestoreProgress, restoreSnapshot } from '../../recovery/restore/restore-snapshot.ts';
import type { Configuration } from '../configuration.ts';
import { findRepository, openForReading } from './repositories.ts';
import {
  chooseSnapshot,
  isTargetOccupied,
  type RestoreOutcome,
  restoreInstallation,
} from './restore-installation.ts';

export interface RestoreCommand {
  configuration: Configuration;
  repository: string | null;
  keyFile: string;
  /** Null for the newest. */
  snapshotId: string | null;
  replace: boolean;
  dryRun: boolean;
  onProgress: (progress: RestoreProgress) => void;
}

export interface RestoreReport {
  snapshot: Pick<SnapshotManifest, 'id' | 'createdAt' | 'counts' | 'plainBytes' | 'installationId'>;
  isOccupied: boolean;
  /** Null for a dry run, and where a killed restore lacked nothing but its end. */
  outcome: RestoreOutcome | null;
}

export async function restore(command: RestoreCommand): Promise<RestoreReport> {
  const { configuration, keyFile, replace, dryRun, onProgress } = command;
  const settings = findRepository(configuration, command.repository);
  await using cleanup = new AsyncDisposableStack();
  const scratchFolder = await mkdtemp(join(tmpdir(), 'budao-restore-'));
  cleanup.defer(() => rm(scratchFolder, { recursive: true, force: true }));
  const { repository } = cleanup.use(await openForReading(settings, { keyFile, scratchFolder }));
  const manifest = await chooseSnapshot(repository, command.snapshotId);
  const { id, createdAt, counts, plainBytes, installationId } = manifest;
  const snapshot = { id, createdAt, counts, plainBytes, installationId };
  const isOccupied = await isTargetOccupied(configuration);
  // That the key opens it is part of the answer.
  if (dryRun) await repository.read(manifest);
  const outcome = dryRun
    ? null
    : await restoreInstallation({
        configuration,
        origin: manifest,
        bring: (target) => restoreSnapshot({ repository, manifest, target, onProgress }),
        replace,
        now: Date.now,
      });
  return { snapshot, isOccupied, outcome };
}
