import { createAnswerHandler } from '../answers/answer-handler.ts';
import type { GeneratorChoice } from '../answers/ports.ts';
import { createMaintainHandler } from '../knowledge/doctor/maintain-handler.ts';
import { ParserPool, parserProcessEntry } from '../knowledge/extract/run-extraction.ts';
import { createIndexHandler } from '../knowledge/ingest/index-handler.ts';
import { createIngestHandler } from '../knowledge/ingest/ingest-handler.ts';
import { createRebuildHandler } from '../knowledge/ingest/rebuild-handler.ts';
import type { ChunkIndex, Embedder } from '../knowledge/ports.ts';
import { createRetriever, type Retriever } from '../knowledge/retrieve/retrieve.ts';
import { createSearcher, type Searcher } from '../knowledge/search/searcher.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Channel } from '../runs/channel.ts';
import type { RunHandler } from '../runs/run.ts';
import type { FolderBlobs } from '../stores/blobs/folder-blobs.ts';
import { SocketChannel } from '../stores/channel/socket-channel.ts';
import { openLanceDbIndex } from '../stores/index/lancedb-index.ts';
import type { Configuration } from './configuration.ts';
import { type DataFolder, dataFolderAt } from './data-folder.ts';
import { type ConfiguredModels, createEmbedder, createModels } from './models.ts';
import { indexDirectory, openBlobs, openLedger } from './shared-stores.ts';
import { traced } from './traced-handler.ts';

/** Everything that processes share. The only place that names concrete adapters. */
export interface Stores extends AsyncDisposable {
  folder: DataFolder;
  ledger: Ledger;
  channel: Channel;
  blobs: FolderBlobs;
  derived: FolderBlobs;
  index: ChunkIndex;
  embedder: Embedder | null;
  searcher: Searcher;
  retriever: Retriever;
  models: ConfiguredModels;
}

/** A command beside no service brings its own channel. */
export async function openStores(
  configuration: Configuration,
  options: { channel?: Channel } = {},
): Promise<Stores> {
  await using cleanup = new AsyncDisposableStack();
  const folder = dataFolderAt(configuration.dataDir);
  const ledger = cleanup.use(await openLedger(configuration));
  const channel = cleanup.use(options.channel ?? new SocketChannel(folder.hubSocket));
  const index = cleanup.use(await openLanceDbIndex({ directory: indexDirectory(configuration) }));
  const searcher = createSearcher({ index });
  const embedder = await createEmbedder(configuration);
  const models = cleanup.use(createModels(configuration));
  const owned = cleanup.move();
  return {
    folder,
    ledger,
    channel,
    ...openBlobs(configuration),
    index,
    embedder,
    searcher,
    retriever: createRetriever({
      ledger,
      searcher,
      embedderById: (id) => (embedder?.id === id ? embedder : null),
    }),
    models,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The handlers of a worker process, each for one kind of run. */
export function createHandlers(
  stores: Stores,
  configuration: Configuration,
  parser: ParserPool,
): readonly RunHandler<never>[] {
  const { ledger, channel, blobs, derived, index, embedder, retriever, models } = stores;
  const { maxChunks } = configuration.limits;
  const embedderById = (id: string): Embedder | null => (embedder?.id === id ? embedder : null);
  const generatorsFor = (model: string): GeneratorChoice | null => models.choose(model);
  return [
    createAnswerHandler({ ledger, retriever, generatorsFor, settings: configuration.answers }),
    createIngestHandler({ ledger, channel, extractor: parser, blobs, derived, embedderById, maxChunks }),
    createIndexHandler({ ledger, derived, index }),
    createRebuildHandler({ ledger, extractor: parser, blobs, derived, embedder, index, maxChunks }),
    createMaintainHandler(stores),
  ].map((handler) => traced(handler as RunHandler<never>));
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
