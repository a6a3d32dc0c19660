/** Knowledge on real stores in a folder of its own, with a worker in this process that can be killed and replaced. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';
import type { RunHandler } from '../runs/run.ts';
import { RunWorker } from '../runs/run-worker.ts';
import { FolderBlobs } from '../stores/blobs/folder-blobs.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openLanceDbIndex } from '../stores/index/lancedb-index.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { ParserPool, parserProcessEntry } from './extract/run-extraction.ts';
import type { Extractor } from './ingest/derive.ts';
import { currentGeneration } from './ingest/generation.ts';
import { createIndexHandler } from './ingest/index-handler.ts';
import { createIngestHandler } from './ingest/ingest-handler.ts';
import { createRebuildHandler } from './ingest/rebuild-handler.ts';
import { createDocument } from './library/documents.ts';
import { createKnowledgeBase } from './library/knowledge-bases.ts';
import { findMembership } from './library/membership-rows.ts';
import { type AddDocument, addDocument, type Membership } from './library/memberships.ts';
import type { ChunkIndex, Embedder } from './ports.ts';
import { createRetriever, type Retriever } from './retrieve/retrieve.ts';
import { createSearcher } from './search/searcher.ts';

export const WORKSPACE = 'ws_test';
const WAIT_MS = 20_000;

/** What a test may put in the place of the real thing. */
export interface KnowledgeOptions {
  embedder?: Embedder | null;
  maxChunks?: number;
  wrapExtractor?: (extractor: Extractor) => Extractor;
  wrapIndex?: (index: ChunkIndex) => ChunkIndex;
  wrapHandler?: (handler: RunHandler<never>) => RunHandler<never>;
}

export interface TestKnowledge extends AsyncDisposable {
  folder: string;
  ledger: Ledger;
  channel: MemoryChannel;
  blobs: FolderBlobs;
  derived: FolderBlobs;
  index: ChunkIndex;
  embedder: Embedder | null;
  retriever: Retriever;
  /** Starts a worker beside those that run. */
  startWorker(): RunWorker;
  useEmbedder(embedder: Embedder | null): void;
  createBase(name?: string): Promise<string>;
  /** Stores a file. @returns its id */
  store(filename: string, content: string): Promise<string>;
  add(request: AddDocument): Promise<string>;
  /** Waits until the document is neither queued nor under way. */
  settled(knowledgeBaseId: string, documentId: string): Promise<Membership>;
  /** Waits until no run is open. */
  quiet(): Promise<void>;
  /** Texts of the chunks that a question finds. */
  find(knowledgeBaseId: string, query: string): Promise<string[]>;
}

export async function openTestKnowledge(options: KnowledgeOptions = {}): Promise<TestKnowledge> {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-knowledge-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  const channel = cleanup.use(new MemoryChannel());
  const real = cleanup.use(await openLanceDbIndex({ directory: join(folder, 'index') }));
  const index = options.wrapIndex?.(real) ?? real;
  const blobs = new FolderBlobs(join(folder, 'blobs'));
  const derived = new FolderBlobs(join(folder, 'derived'));
  const parser = cleanup.use(new ParserPool({ entry: parserProcessEntry, limits: LIMITS }));
  const extractor = options.wrapExtractor?.(parser) ?? parser;
  const searcher = createSearcher({ index });
  let owner = 0;

  const knowledge: TestKnowledge = {
    folder,
    ledger,
    channel,
    blobs,
    derived,
    index,
    embedder: options.embedder ?? null,
    retriever: createRetriever({
      ledger,
      searcher,
      embedderById: (id) => (knowledge.embedder?.id === id ? knowledge.embedder : null),
    }),
    startWorker() {
      const { embedder } = knowledge;
      const { maxChunks = MAX_CHUNKS } = options;
      const shared = { ledger, channel, extractor, blobs, derived, index, embedder, maxChunks };
      let handlers = [
        createIngestHandler({ ...shared, embedderById: (id) => (embedder?.id === id ? embedder : null) }),
        createIndexHandler(shared),
        createRebuildHandler(shared),
      ] as RunHandler<never>[];
      if (options.wrapHandler !== undefined) handlers = handlers.map(options.wrapHandler);
      return cleanup.use(new RunWorker({ ledger, channel, owner: `proc_${++owner}`, handlers }));
    },
    useEmbedder(embedder) {
      knowledge.embedder = embedder;
    },
    createBase(name = 'Handbook') {
      const generation = currentGeneration(knowledge.embedder);
      return ledger.transaction((tx) =>
        createKnowledgeBase(scopeSql(tx, WORKSPACE), { name, generation }, Date.now()),
      );
    },
    async store(filename, content) {
      const stored = await blobs.put(Readable.from([Buffer.from(content)]), { maxBytes: LIMITS.maxBytes });
      const description = { ...stored, filename, purpose: 'assistants', accountId: null };
      const document = await ledger.transaction((tx) =>
        createDocument(scopeSql(tx, WORKSPACE), description, Date.now()),
      );
      return document.id;
    },
    async add(request) {
      const run = await ledger.transaction((tx) => addDocument(tx, WORKSPACE, request, Date.now()));
      channel.publishToOne('runs.available', run.kind);
      return run.runId;
    },
    settled: (knowledgeBaseId, documentId) =>
      until(async () => {
        const sql = scopeSql(ledger.read, WORKSPACE);
        const membership = await findMembership(sql, knowledgeBaseId, documentId);
        return membership !== null && membership.status !== 'in_progress' ? membership : null;
      }),
    async quiet() {
      await until(async () => {
        const open = await ledger.read.get(`SELECT 1 AS one FROM run WHERE status IN ('queued', 'running')`);
        return open === undefined ? true : null;
      });
    },
    async find(knowledgeBaseId, query) {
      const { hits } = await knowledge.retriever.retrieve(WORKSPACE, {
        query,
        knowledgeBaseIds: [knowledgeBaseId],
        filter: null,
        limit: 10,
        scoreThreshold: 0,
      });
      return hits.map((hit) => hit.chunk.text);
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
  return knowledge;
}

/** Holds whoever passes until it is opened; says when somebody has come. */
export class Gate {
  readonly #arrived = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();

  get arrived(): Promise<void> {
    return this.#arrived.promise;
  }

  open(): void {
    this.#opened.resolve();
  }

  pass(): Promise<void> {
    this.#arrived.resolve();
    return this.#opened.promise;
  }
}

/** Vectors that depend on nothing but the text. */
export function fakeEmbedder(id: string, dimension: number): Embedder {
  return {
    id,
    dimension,
    embed: async (texts) =>
      texts.map((text) => {
        const vector = Array.from({ length: dimension }, () => 0.01);
        for (const character of text) vector[(character.codePointAt(0) as number) % dimension]! += 1;
        const length = Math.hypot(...vector);
        return vector.map((value) => value / length);
      }),
  };
}

const MAX_CHUNKS = 10_000;

const LIMITS = {
  maxBytes: 10 * 1024 * 1024,
  maxPages: 100,
  maxCharacters: 1_000_000,
  maxUnpackedBytes: 50 * 1024 * 1024,
  timeoutMs: 20_000,
  maxMemoryMb: 512,
};

/** Waits on a condition. @throws Error after the deadline */
export async function until<T>(look: () => Promise<T | null>, what = 'a condition'): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    if (Date.now() > deadline) throw new Error(`waited ${WAIT_MS} ms in vain for ${what}`);
    await sleep(15);
  }
}
