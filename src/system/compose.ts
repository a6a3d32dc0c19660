import { createAnswerHandler } from '../answers/answer-handler.ts';
import type { GeneratorChoice } from '../answers/ports.ts';
import { Dependencies } from '../dependencies/dependencies.ts';
import { createDraftHandler } from '../evaluation/drafts/draft-handler.ts';
import { createEvaluateHandler } from '../evaluation/evaluate-handler.ts';
import { countingAnswers } from '../health/count-answers.ts';
import { meterLedger } from '../health/metered-ledger.ts';
import type { Meter } from '../health/signals/meter.ts';
import { createMaintainHandler } from '../knowledge/doctor/maintain-handler.ts';
import { ParserPool, parserProcessEntry } from '../knowledge/extract/run-extraction.ts';
import { createIndexHandler } from '../knowledge/ingest/index-handler.ts';
import { createIngestHandler } from '../knowledge/ingest/ingest-handler.ts';
import { createRebuildHandler } from '../knowledge/ingest/rebuild-handler.ts';
import type { BlobStore, ChunkIndex, Embedder, LocalBlobs } from '../knowledge/ports.ts';
import { createRetriever, type Retriever } from '../knowledge/retrieve/retrieve.ts';
import { createSearcher, type Searcher } from '../knowledge/search/searcher.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createCareHandler } from '../recovery/care/care-runs.ts';
import { createSnapshotHandler } from '../recovery/snapshot/snapshot-handler.ts';
import type { Channel } from '../runs/channel.ts';
import type { RunHandler } from '../runs/run.ts';
import type { ChannelObserver } from '../stores/channel/peer-transport.ts';
import { performInProcess } from './backup/in-care-process.ts';
import { performInThread } from './backup/in-thread.ts';
import { createRestorePartHandler } from './backup/part/part-run.ts';
import { snapshotJob } from './backup/snapshot-job.ts';
import { type Configuration, isCluster } from './configuration.ts';
import { type DataFolder, dataFolderAt } from './data-folder.ts';
import { deferring } from './deferring-handler.ts';
import { createEvaluationSite } from './evaluation-site.ts';
import { guardedBlobs, guardedIndex } from './guards.ts';
import { installationId } from './installation-id.ts';
import { type ConfiguredModels, createEmbedder, createModels } from './models.ts';
import { forgetOld } from './retention.ts';
import { requireSharedPlaces } from './shared-places.ts';
import { openBlobs, openChannel, openIndex, openLedger } from './shared-stores.ts';
import { tracedRetriever } from './telemetry.ts';
import { traced } from './traced-handler.ts';

/** Everything that processes share. The only place that names concrete adapters. */
export interface Stores extends AsyncDisposable {
  folder: DataFolder;
  ledger: Ledger;
  channel: Channel;
  blobs: BlobStore & LocalBlobs;
  derived: BlobStore & LocalBlobs;
  index: ChunkIndex;
  embedder: Embedder | null;
  searcher: Searcher;
  retriever: Retriever;
  /** The same for one who reads the ledger in another way. */
  retrieverOver(ledger: Ledger): Retriever;
  models: ConfiguredModels;
  /** The breakers of this process. */
  dependencies: Dependencies;
}

/** A command beside no service brings its own channel. */
export async function openStores(
  configuration: Configuration,
  options: { channel?: Channel; processId?: string; meter?: Meter; onChannelState?: ChannelObserver } = {},
): Promise<Stores> {
  await using cleanup = new AsyncDisposableStack();
  const folder = dataFolderAt(configuration.dataDir);
  const rawLedger = cleanup.use(await openLedger(configuration, options.processId));
  const ledger = options.meter === undefined ? rawLedger : meterLedger(rawLedger, options.meter);
  const channel = cleanup.use(
    options.channel ?? (await openChannel(configuration, ledger, options.onChannelState)),
  );
  const dependencies = cleanup.use(new Dependencies());
  if (isCluster(configuration)) await requireSharedPlaces(configuration, ledger, { mayBeAway: true });
  const { blobs, derived, presence, client } = cleanup.use(await openBlobs(configuration));
  const opened = await openIndex(configuration, client);
  const index = await guardedIndex(cleanup.use(opened.index), dependencies, opened.presence);
  const searcher = createSearcher({ index });
  const embedder = await createEmbedder(configuration, dependencies);
  const models = cleanup.use(await createModels(configuration, dependencies));
  const retrieverOver = (over: Ledger): Retriever =>
    tracedRetriever(
      createRetriever({
        ledger: over,
        searcher,
        embedderById: (id) => (embedder?.id === id ? embedder : null),
      }),
    );
  const owned = cleanup.move();
  return {
    folder,
    ledger,
    channel,
    blobs: guardedBlobs(blobs, dependencies, presence),
    derived,
    index,
    embedder,
    searcher,
    retriever: retrieverOver(ledger),
    retrieverOver,
    models,
    dependencies,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The handlers of a worker process, each for one kind of run. */
export function createHandlers(
  stores: Stores,
  configuration: Configuration,
  parser: ParserPool,
  meter: Meter,
): readonly RunHandler<never>[] {
  const { ledger, channel, blobs, derived, index, embedder, retriever, models } = stores;
  const { maxChunks } = configuration.limits;
  const embedderById = (id: string): Embedder | null => (embedder?.id === id ? embedder : null);
  const generatorsFor = (model: string): GeneratorChoice | null => models.choose(model);
  const waiting = [
    createIngestHandler({ ledger, channel, extractor: parser, blobs, derived, embedderById, maxChunks }),
    createIndexHandler({ ledger, derived, index }),
    createRebuildHandler({ ledger, extractor: parser, blobs, derived, embedder, index, maxChunks }),
    createMaintainHandler(stores, (now) => forgetOld(ledger, configuration.retention, now)),
  ].map((handler) => deferring(handler as RunHandler<never>));
  const snapshot = createSnapshotHandler(async (input, signal, onProgress) => {
    const clockAheadMs = ledgerTime() - Date.now();
    const id = await installationId(ledger);
    const job = snapshotJob(configuration, { input, installationId: id, clockAheadMs });
    return performInThread(new URL('./backup/snapshot-thread', import.meta.url), job, signal, onProgress);
  });
  const care = (['verify', 'rehearse', 'prune'] as const).map((task) =>
    createCareHandler(task, (input, signal, onProgress) =>
      performInProcess({ task, input }, signal, onProgress),
    ),
  );
  const answer = createAnswerHandler({ ledger, retriever, generatorsFor, settings: configuration.answers });
  const counted = countingAnswers(answer as RunHandler<never>, meter);
  const site = createEvaluationSite({ configuration, ledger, choose: () => models.choose('budao') });
  const evaluations = [createEvaluateHandler(ledger, site), createDraftHandler(ledger, site)];
  const restorePart = createRestorePartHandler(stores, configuration);
  return [counted, ...waiting, ...evaluations, snapshot, ...care, restorePart].map((handler) =>
    traced(handler as RunHandler<never>),
  );
}

export function createParser(
  configuration: Configuration,
  watch: { onSpawn(pid: number): void; onExit(pid: number): void },
): ParserPool {
  const { limits } = configuration;
  return new ParserPool({
    entry: parserProcessEntry,
    limits: {
      maxBytes: limits.maxUploadBytes,
      maxPages: limits.maxPages,
      maxCharacters: limits.maxCharacters,
      maxUnpackedBytes: limits.maxUnpackedBytes,
      timeoutMs: limits.extractionTimeoutMs,
      maxMemoryMb: limits.extractionMemoryMb,
    },
    ...watch,
  });
}
