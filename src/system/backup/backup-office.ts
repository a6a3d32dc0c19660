/** What people at the console and the API see of backups. Nothing of it is secret. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import type {
  BackupOverview,
  BackupRepository,
  BackupSnapshot,
} from '../../http/operations/backup-objects.ts';
import type { BackupOffice } from '../../http/operations/backup-routes.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { changeSchedules } from '../../recovery/care/schedules.ts';
import type { SnapshotManifest } from '../../recovery/ports.ts';
import { refuseNewer } from '../../recovery/restore/restore-snapshot.ts';
import { recoveryPointLagMs } from '../../recovery/stream/stream-state.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { installationId } from '../installation-id.ts';
import type { RepositorySettings } from './backup-settings.ts';
import { type CareState, careState } from './care-state.ts';
import { openForReading } from './repositories.ts';
import { readStreamStates } from './stream-states.ts';

/** People look again and again; a bucket is asked at most so often. */
const KEPT_MS = 5_000;
/** A place that hangs keeps nobody from seeing the others. */
const PATIENCE_MS = 10_000;

interface Look {
  manifests: SnapshotManifest[];
  unreadable: number;
  isAppendOnly: boolean;
}

export function createBackupOffice(configuration: Configuration, ledger: Ledger): BackupOffice {
  const { backup } = configuration;
  const looks = new Map<string, { at: number; look: Promise<Look> }>();

  const look = (settings: RepositorySettings): Promise<Look> => {
    const known = looks.get(settings.name);
    if (known !== undefined && performance.now() - known.at < KEPT_MS) return known.look;
    const made = withPatience(lookInto(configuration, settings));
    looks.set(settings.name, { at: performance.now(), look: made });
    return made;
  };
  const state = async (): Promise<CareState> =>
    careState(ledger.read, backup, { installationId: await installationId(ledger), now: ledgerTime() });
  const requireRepository = (name: string): RepositorySettings => {
    const found = backup.repositories.find((one) => one.name === name);
    if (found !== undefined) return found;
    throw new BudaoError(
      'not_found',
      'repository_not_configured',
      `No repository is called "${name}". Name one in backup.repositories.`,
    );
  };

  return {
    overview: async () => overviewOf(configuration, await state()),
    repositories: () => Promise.all(backup.repositories.map((one) => repositoryOf(one, look))),
    async snapshots(repository) {
      const wanted = repository === null ? backup.repositories : [requireRepository(repository)];
      const found = await Promise.all(
        wanted.map(async (settings) => {
          // Those that cannot be reached are shown as such in the list of repositories.
          const seen = repository === null ? await look(settings).catch(() => null) : await look(settings);
          return (seen?.manifests ?? []).map((manifest) => snapshotOf(manifest, settings.name));
        }),
      );
      return found.flat().sort((left, right) => right.createdAt - left.createdAt);
    },
    async schedules() {
      const { schedules, tasks } = await state();
      return { schedules, tasks, configured: backup.schedules };
    },
    async changeSchedules(changes, by) {
      const change = { changes, by, now: ledgerTime() };
      await ledger.transaction((tx) => changeSchedules(tx, backup.schedules, change));
    },
    requireRepository: (name) => void requireRepository(name),
    restoreCommand: ({ id, repository }) => commandFor(configuration, { id, repository }),
    checkRestorable: (snapshot) => refuseNewer(snapshot),
  };
}

async function overviewOf(
  configuration: Configuration,
  { newestSnapshots }: CareState,
): Promise<BackupOverview> {
  const now = ledgerTime();
  const streams = await readStreamStates(configuration);
  const times = newestSnapshots.flatMap(({ at }) => (at === null ? [] : [at]));
  const newestSnapshotAt = times.length === 0 ? null : Math.max(...times);
  const lags = [recoveryPointLagMs(streams), newestSnapshotAt === null ? null : now - newestSnapshotAt];
  const known = lags.flatMap((lag) => (lag === null ? [] : [Math.max(0, lag)]));
  return {
    rpoMs: known.length === 0 ? null : Math.min(...known),
    newestSnapshotAt,
    streams,
    hasKey: configuration.backup.keyFile !== null,
    repositories: configuration.backup.repositories.map(({ name }) => name),
  };
}

async function lookInto(configuration: Configuration, settings: RepositorySettings): Promise<Look> {
  const scratchFolder = join(dataFolderAt(configuration.dataDir).cache, 'backup');
  await using opened = await openForReading(settings, { keyFile: null, scratchFolder });
  const { manifests, unreadable } = await opened.repository.list();
  return { manifests, unreadable: unreadable.length, isAppendOnly: !opened.repository.context.mayDelete };
}

function withPatience<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = (): void =>
    reject(
      new BudaoError(
        'unavailable',
        'repository_unavailable',
        `It did not answer within ${PATIENCE_MS / 1_000} s. Look whether its place is mounted and can be reached.`,
      ),
    );
  const timer = setTimeout(late, PATIENCE_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

async function repositoryOf(
  settings: RepositorySettings,
  look: (settings: RepositorySettings) => Promise<Look>,
): Promise<BackupRepository> {
  const { name, folder } = settings;
  const place = { name, place: placeOf(settings) };
  try {
    const { manifests, unreadable, isAppendOnly } = await look(settings);
    const space = folder === null ? null : await statfs(folder).catch(() => null);
    return {
      ...place,
      failure: null,
      isAppendOnly,
      freeBytes: space === null ? null : space.bavail * space.bsize,
      snapshots: manifests.map(({ id, createdAt }) => ({ id, createdAt })),
      unreadable,
    };
  } catch (error) {
    if (!(error instanceof BudaoError)) throw error;
    const { code, message } = error;
    const nothing = { isAppendOnly: null, freeBytes: null, snapshots: null, unreadable: null };
    return { ...place, failure: { code, message }, ...nothing };
  }
}

/** Neither keys nor what else a URL may carry. */
function placeOf({ folder, bucket }: RepositorySettings): string {
  if (bucket === null) return folder ?? '';
  const { host } = new URL(bucket.endpoint);
  return [`s3://${host}`, bucket.name, bucket.prefix].filter((part) => part !== '').join('/');
}

function snapshotOf(manifest: SnapshotManifest, repository: string): BackupSnapshot {
  const { id, installationId: of, createdAt, programVersion, schemaVersion, label } = manifest;
  const { plainBytes, addedBytes, counts } = manifest;
  const about = { id, repository, installationId: of, createdAt, programVersion, schemaVersion, label };
  return { ...about, plainBytes, addedBytes, counts: { ...counts } };
}

/** To be typed where the service was stopped, with the key that people keep. */
function commandFor(
  { configFile, dataDir, stores }: Configuration,
  { id, repository }: { id: string; repository: string },
): string {
  const config = configFile === undefined ? '' : ` --config ${quoted(configFile)}`;
  const place = stores.ledger.url === null ? ` --data-dir ${quoted(dataDir)}` : '';
  return `budao restore --repo ${repository} --snapshot ${id} --key RECOVERY-KEY-FILE --replace${config}${place}`;
}

function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
