/** A restore of what an installation was at a point in time: from the stream of changes, or a snapshot that is nearer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import type { Repository } from '../../recovery/repository/repository.ts';
import { isOfRepository, type Trouble } from '../../recovery/repository/several-repositories.ts';
import { type Restored, type RestoreTarget, refuseNewer } from '../../recovery/restore/restore-snapshot.ts';
import { listStreams, type StoredStream } from '../../recovery/stream/list-streams.ts';
import { followStream } from '../../recovery/stream/read-segments.ts';
import { restorePoint } from '../../recovery/stream/restore-point.ts';
import { choosePoint, pointMissing, writeDatabase } from '../../recovery/stream/write-database.ts';
import { openSqlitePicture } from '../../stores/ledger/sqlite-picture.ts';
import { refuseStranger } from './refuse-stranger.ts';
import { nameOf, openForReading, repositoriesToRead } from './repositories.ts';
import type { RestoreCommand, RestoreReport } from './restore.ts';
import { isTargetOccupied, restoreInstallation } from './restore-installation.ts';

/** Repositories are shipped to at the same time; one that ends earlier than this is no help for another. */
const AS_GOOD_MS = 60_000;

interface Candidate {
  repository: string;
  opened: Repository;
  stream: StoredStream;
  /** The point in time that it comes to. */
  at: number;
}

interface Found {
  candidates: Candidate[];
  troubles: Trouble[];
  oldest: number | null;
  /** The newest snapshot that is not later. */
  snapshot: { id: string; createdAt: number } | null;
}

/** @param command.to milliseconds since the epoch; infinite for the latest point that there is */
export async function restoreToPoint(
  command: RestoreCommand & { to: number },
  bySnapshot: (snapshotId: string) => Promise<RestoreReport>,
): Promise<RestoreReport> {
  const { configuration, to } = command;
  await using cleanup = new AsyncDisposableStack();
  const scratchFolder = await mkdtemp(join(tmpdir(), 'budao-restore-'));
  cleanup.defer(() => rm(scratchFolder, { recursive: true, force: true }));
  const { candidates, troubles, oldest, snapshot } = await find(command, cleanup, scratchFolder);
  const [best] = candidates;
  // As with a stream that was not kept so long, or that stood still.
  if (snapshot !== null && (best === undefined || snapshot.createdAt > best.at))
    return bySnapshot(snapshot.id);
  if (best === undefined)
    throw troubles.length > 0 ? withTroubles(troubles) : pointMissing(to, oldest, 'The repository');
  const isOccupied = await isTargetOccupied(configuration);
  const asGood = candidates.filter(({ at }) => best.at - at <= AS_GOOD_MS);
  for (const [position, candidate] of asGood.entries()) {
    try {
      return await restoreOne(command, candidate, { isOccupied, troubles, scratchFolder });
    } catch (error) {
      if (!isOfRepository(error) || position === asGood.length - 1) throw error;
      troubles.push({ repository: candidate.repository, code: error.code, message: error.message });
    }
  }
  throw new Error('a restore ended without an outcome');
}

async function find(
  { configuration, repository, keyFile, to }: RestoreCommand & { to: number },
  cleanup: AsyncDisposableStack,
  scratchFolder: string,
): Promise<Found> {
  const found: Found = { candidates: [], troubles: [], oldest: null, snapshot: null };
  for (const settings of repositoriesToRead(configuration, repository)) {
    const name = nameOf(configuration, settings);
    try {
      const opened = cleanup.use(await openForReading(settings, { keyFile, scratchFolder })).repository;
      const { streams } = await listStreams(opened.context.storage);
      for (const { from } of streams) found.oldest = Math.min(from, found.oldest ?? from);
      const stream = choosePoint(streams, to);
      const at = Math.min(stream?.until ?? 0, to);
      if (stream !== null) found.candidates.push({ repository: name, opened, stream, at });
      const { manifests } = await opened.list();
      const newest = manifests.find(({ createdAt }) => createdAt <= to);
      if (newest !== undefined && newest.createdAt > (found.snapshot?.createdAt ?? 0))
        found.snapshot = newest;
    } catch (error) {
      if (!isOfRepository(error)) throw error;
      found.troubles.push({ repository: name, code: error.code, message: error.message });
    }
  }
  found.candidates.sort((left, right) => right.at - left.at);
  return found;
}

async function restoreOne(
  command: RestoreCommand & { to: number },
  { repository, opened, stream, at }: Candidate,
  {
    isOccupied,
    troubles,
    scratchFolder,
  }: { isOccupied: boolean; troubles: Trouble[]; scratchFolder: string },
): Promise<RestoreReport> {
  const { configuration, replace, dryRun, to } = command;
  const { manifest } = stream.base;
  refuseNewer(manifest);
  if (isOccupied) await refuseStranger(configuration, manifest, opened);
  const point = { since: stream.base.since, until: stream.base.until };
  const origin = { id: `${stream.generation}@${at}`, installationId: stream.installationId, createdAt: at };
  const bring = async (target: RestoreTarget): Promise<Restored> => {
    const { restored, since, until } = await bringPoint(command, { opened, stream, target, scratchFolder });
    Object.assign(point, { since, until });
    return restored;
  };
  if (dryRun) Object.assign(point, await lookThrough(opened, stream, to));
  const outcome = dryRun
    ? null
    : await restoreInstallation({ configuration, origin, bring, replace, now: Date.now });
  const { counts, plainBytes, installationId } = manifest;
  return {
    snapshot: { id: origin.id, createdAt: point.until, counts, plainBytes, installationId },
    point,
    repositories: [repository],
    used: [],
    troubles,
    otherInstallations: [],
    isOccupied,
    outcome,
  };
}

/** That every segment is there, and that the key opens the base, is part of the answer. */
async function lookThrough(
  opened: Repository,
  stream: StoredStream,
  to: number,
): Promise<{ since: number; until: number }> {
  await opened.read(stream.base.manifest);
  let { since, until } = stream.base;
  for await (const { head } of followStream(opened.context.storage, stream, to)) ({ since, until } = head);
  return { since, until };
}

async function bringPoint(
  { to, onProgress }: RestoreCommand & { to: number },
  parts: { opened: Repository; stream: StoredStream; target: RestoreTarget; scratchFolder: string },
): Promise<{ restored: Restored; since: number; until: number }> {
  const { opened, stream, target, scratchFolder } = parts;
  const folder = await mkdtemp(join(scratchFolder, 'ledger-'));
  const path = join(folder, 'ledger.db');
  try {
    const bytesTotal = stream.base.databasePages * stream.base.pageBytes;
    let bytes = 0;
    const onBytes = (more: number): void => {
      bytes += more;
      const shown = Math.min(bytes, bytesTotal);
      onProgress({ phase: 'content', objects: 0, objectsTotal: 0, bytes: shown, bytesTotal });
    };
    const written = await writeDatabase(opened.context, stream, { path, upTo: to, onBytes });
    await using picture = openSqlitePicture(path, { ofAnyVersion: true });
    const restored = await restorePoint({ written, picture, target, onProgress });
    return { restored, since: written.since, until: written.until };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function withTroubles(troubles: readonly Trouble[]): BudaoError {
  const [first] = troubles;
  const told = troubles.map(({ repository, message }) => `${repository}: ${message}`).join(' ');
  return new BudaoError(
    'unavailable',
    (first?.code ?? 'repository_unavailable') as 'repository_unavailable',
    told,
  );
}
