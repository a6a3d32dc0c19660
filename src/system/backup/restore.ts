/** A restore as a person asks for it at a terminal. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import type { SnapshotManifest } from '../../recovery/ports.ts';
import {
  type Candidate,
  isOfRepository,
  type SeveralRepositories,
  type Trouble,
  type Used,
} from '../../recovery/repository/several-repositories.ts';
import {
  type Restored,
  type RestoreProgress,
  type RestoreTarget,
  refuseNewer,
  restoreSnapshot,
} from '../../recovery/restore/restore-snapshot.ts';
import type { Configuration } from '../configuration.ts';
import { chooseSnapshots } from './choose-snapshot.ts';
import { openSeveral } from './open-several.ts';
import { refuseStranger } from './refuse-stranger.ts';
import { repositoriesToRead } from './repositories.ts';
import { isTargetOccupied, type RestoreOutcome, restoreInstallation } from './restore-installation.ts';
import { restoreToPoint } from './restore-to-point.ts';

export interface RestoreCommand {
  configuration: Configuration;
  /** Null for all that the settings name. */
  repository: string | null;
  keyFile: string;
  /** Null for the newest that can be read whole. */
  snapshotId: string | null;
  /** A point in time, in milliseconds since the epoch; infinite for the latest that there is. Null: a snapshot. */
  to?: number | null;
  replace: boolean;
  dryRun: boolean;
  onProgress: (progress: RestoreProgress) => void;
}

export interface RestoreReport {
  snapshot: Pick<SnapshotManifest, 'id' | 'createdAt' | 'counts' | 'plainBytes' | 'installationId'>;
  /** Of a restore to a point in time: everything acknowledged before `since` is in it, and nothing after `until`. */
  point?: { since: number; until: number };
  /** Where its manifest is. */
  repositories: string[];
  /** What was read from where; empty for a dry run. */
  used: Used[];
  /** Of repositories that could not be used, or not for everything. */
  troubles: Trouble[];
  /** Those of other installations, with their newest snapshots. */
  otherInstallations: { installationId: string; snapshotId: string; createdAt: number }[];
  isOccupied: boolean;
  /** Null for a dry run, and where a killed restore lacked nothing but its end. */
  outcome: RestoreOutcome | null;
}

/** From the newest snapshot that can be read whole, unless one is named: where a repository cannot, the next one is tried. */
export async function restore(command: RestoreCommand): Promise<RestoreReport> {
  const { to = null } = command;
  if (to !== null) {
    const bySnapshot = (snapshotId: string): Promise<RestoreReport> =>
      restore({ ...command, to: null, snapshotId });
    return restoreToPoint({ ...command, to }, bySnapshot);
  }
  const { configuration, keyFile } = command;
  const settings = repositoriesToRead(configuration, command.repository);
  await using cleanup = new AsyncDisposableStack();
  const scratchFolder = await mkdtemp(join(tmpdir(), 'budao-restore-'));
  cleanup.defer(() => rm(scratchFolder, { recursive: true, force: true }));
  const { several } = cleanup.use(
    await openSeveral(configuration, settings, { keyFile, scratchFolder, isHeld: !command.dryRun }),
  );
  const { candidates, all } = await chooseSnapshots(several, command.snapshotId);
  const isOccupied = await isTargetOccupied(configuration);
  for (const [position, candidate] of candidates.entries()) {
    try {
      if (isOccupied && command.snapshotId === null)
        await refuseStranger(configuration, candidate.manifest, several.open(candidate));
      const outcome = await restoreOne(command, several, candidate);
      return reportOf(several, candidate, { all, isOccupied, outcome });
    } catch (error) {
      if (!isOfRepository(error) || position === candidates.length - 1) throw withTroubles(error, several);
      // A newer snapshot that nobody could read whole; what is next is older.
      several.note(candidate.holders[0]?.name ?? '', error.code, error.message);
    }
  }
  throw new Error('a restore ended without an outcome');
}

async function restoreOne(
  { configuration, replace, dryRun, onProgress }: RestoreCommand,
  several: SeveralRepositories,
  candidate: Candidate,
): Promise<RestoreOutcome | null> {
  const { manifest } = candidate;
  const repository = several.open(candidate);
  refuseNewer(manifest);
  const bring = (target: RestoreTarget): Promise<Restored> =>
    restoreSnapshot({ repository, manifest, target, onProgress });
  if (!dryRun) return restoreInstallation({ configuration, origin: manifest, bring, replace, now: Date.now });
  // That the key opens it is part of the answer.
  await repository.read(manifest);
  return null;
}

function reportOf(
  several: SeveralRepositories,
  { manifest, holders }: Candidate,
  { all, ...rest }: Pick<RestoreReport, 'isOccupied' | 'outcome'> & { all: readonly Candidate[] },
): RestoreReport {
  const { id, createdAt, counts, plainBytes, installationId } = manifest;
  const others = new Map<string, RestoreReport['otherInstallations'][number]>();
  for (const { manifest: other } of all) {
    if (other.installationId === installationId || others.has(other.installationId)) continue;
    others.set(other.installationId, {
      installationId: other.installationId,
      snapshotId: other.id,
      createdAt: other.createdAt,
    });
  }
  return {
    snapshot: { id, createdAt, counts, plainBytes, installationId },
    repositories: holders.map(({ name }) => name),
    used: rest.outcome === null ? [] : several.used,
    troubles: several.troubles,
    otherInstallations: [...others.values()],
    ...rest,
  };
}

/** The last error alone would hide what was wrong with the repositories before. */
function withTroubles(error: unknown, { troubles }: SeveralRepositories): unknown {
  if (!(error instanceof BudaoError)) return error;
  const others = troubles.filter(({ message }) => message !== error.message);
  if (others.length === 0) return error;
  const told = others.map(({ repository, message }) => `${repository}: ${message}`).join(' ');
  return new BudaoError(error.kind, error.code, `${error.message} Tried before: ${told}`, { cause: error });
}
