/** The stream of changes of this installation into its repositories, put together. */
import { existsSync } from 'node:fs';
import { Shipper } from '../../recovery/stream/shipper.ts';
import { StreamSink } from '../../recovery/stream/stream-sink.ts';
import type { StreamState } from '../../recovery/stream/stream-state.ts';
import { openSqliteLog } from '../../stores/ledger/sqlite-log.ts';
import { ledgerFileGone } from '../../stores/ledger/sqlite-place.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { installationId } from '../installation-id.ts';
import { openBlobs, openLedger } from '../shared-stores.ts';
import { VERSION } from '../version.ts';
import { openForWriting } from './repositories.ts';
import { readFiles, readSecrets, sourceOf } from './snapshot-job.ts';

export interface ShipperCallbacks {
  onStates(states: StreamState[]): void;
  /** A change that people who read the log want to know. */
  onNews(details: object, message: string): void;
  /** The log cannot be followed further: a new process begins anew. */
  onBroken(error: unknown): void;
}

/** @throws BudaoError ledger_unavailable */
export async function startShipper(
  configuration: Configuration,
  { onStates, onNews, onBroken }: ShipperCallbacks,
): Promise<{ stop: () => Promise<void> }> {
  const { ledger: path } = dataFolderAt(configuration.dataDir);
  if (!existsSync(path)) throw ledgerFileGone(path);
  const id = await idOf(configuration);
  await using cleanup = new AsyncDisposableStack();
  const stores = cleanup.use(await openBlobs(configuration));
  const sources = {
    blobs: sourceOf(stores.blobs, configuration),
    derived: sourceOf(stores.derived, configuration),
    secrets: await readSecrets(configuration),
    files: await readFiles(configuration.configFile),
  };
  const sinks = configuration.backup.repositories.map(
    (settings) =>
      new StreamSink({
        name: settings.name,
        open: () => openForWriting(configuration, settings, id),
        sources,
        programVersion: VERSION,
        now: Date.now,
      }),
  );
  const news = new News(onNews);
  const shipper = new Shipper({
    log: openSqliteLog(path, Date.now),
    sinks,
    intervalMs: configuration.backup.stream.intervalMs,
    onStates(states) {
      news.note(states);
      onStates(states);
    },
    onBroken,
  });
  cleanup.use(shipper);
  const owned = cleanup.move();
  return { stop: () => owned.disposeAsync() };
}

async function idOf(configuration: Configuration): Promise<string> {
  await using ledger = await openLedger(configuration);
  return await installationId(ledger);
}

/** Says each trouble once, and when it is over. */
class News {
  readonly #told = new Map<string, string>();
  readonly #tell: ShipperCallbacks['onNews'];

  constructor(tell: ShipperCallbacks['onNews']) {
    this.#tell = tell;
  }

  note(states: readonly StreamState[]): void {
    for (const { repository, reason, phase } of states) {
      const before = this.#told.get(repository);
      if (reason !== null && reason.code !== before) {
        this.#told.set(repository, reason.code);
        this.#tell({ repository, ...reason }, 'changes are not shipped');
      }
      if (reason !== null || before === undefined || phase !== 'shipping') continue;
      this.#told.delete(repository);
      this.#tell({ repository }, 'changes are shipped again');
    }
  }
}
