// A local embedding model in an ONNX folder (bge-small-zh, multilingual-e5 and the like). Nothing is downloaded.

import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { BudaoError } from '../contract/errors.ts';
import type { Embedder } from '../knowledge/ports.ts';
import type { InferenceOptions } from './onnx-inference.ts';
import { identifyModel, openModelFolder, type Pooling } from './onnx-model-folder.ts';
import type { OnnxJob, OnnxResult } from './onnx-worker.ts';
import { normalised } from './vectors.ts';

/** Larger batches gain nothing on one thread and let a query wait behind passages for longer. */
const DEFAULT_BATCH_SIZE = 8;

export interface OnnxEmbedderOptions {
  folder: string;
  /** Overrules 1_Pooling/config.json; mean without either. */
  pooling?: Pooling;
  batchSize?: number;
  /** Threads that one inference uses. */
  threads?: number;
  maxTokens?: number;
  queryPrefix?: string;
  passagePrefix?: string;
  /** Where the model's hash is kept, so that a start need not read the whole model. */
  identityCacheFile?: string | null;
}

export interface OnnxEmbedder extends Embedder, AsyncDisposable {}

/** @throws BudaoError model_folder_incomplete, model_folder_unreadable */
export async function createOnnxEmbedder(options: OnnxEmbedderOptions): Promise<OnnxEmbedder> {
  const model = await openModelFolder(options.folder);
  const sha256 = await identifyModel(model, options.identityCacheFile ?? null);
  const pooling = options.pooling ?? model.pooling;
  const maxTokens = Math.min(options.maxTokens ?? model.maxTokens, model.maxTokens);
  const prefixes = {
    query: options.queryPrefix ?? model.prompts.query,
    passage: options.passagePrefix ?? model.prompts.passage,
  };
  const batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE;
  const thread = createThread({
    modelPath: model.modelPath,
    tokenizerPath: model.tokenizerPath,
    padTokenId: model.padTokenId,
    maxTokens,
    pooling,
    threads: options.threads ?? 1,
  });
  const traits = createHash('sha256')
    .update(JSON.stringify([pooling, maxTokens, prefixes]))
    .digest('hex');
  let dimension = model.hiddenSize;

  return {
    id: `onnx:${model.name}:${sha256.slice(0, 16)}:${traits.slice(0, 8)}`,
    get dimension() {
      return dimension;
    },

    async embed(texts, { purpose, signal }) {
      const vectors: number[][] = [];
      for (let at = 0; at < texts.length; at += batchSize) {
        signal?.throwIfAborted();
        const inputs = texts.slice(at, at + batchSize).map((text) => prefixes[purpose] + text);
        for (const raw of await thread.run(inputs)) {
          const vector = normalised(raw);
          if (vector === null) throw modelFailed(options.folder, 'it gave a vector that is no direction');
          vectors.push(vector);
        }
      }
      dimension = vectors[0]?.length ?? dimension;
      return vectors;
    },

    async [Symbol.asyncDispose]() {
      await thread.stop();
    },
  };
}

interface InferenceThread {
  run(texts: readonly string[]): Promise<Float32Array[]>;
  stop(): Promise<void>;
}

/** Starts the thread with the first job; after a crash the next job starts it anew. */
function createThread(options: InferenceOptions): InferenceThread {
  const waiting = new Map<number, { resolve(vectors: Float32Array[]): void; reject(error: Error): void }>();
  let worker: Worker | null = null;
  let lastId = 0;

  function start(): Worker {
    // The compiled program has the worker beside this file under another ending.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const started = new Worker(new URL(`./onnx-worker.${ending}`, import.meta.url), { workerData: options });
    started.on('message', (result: OnnxResult) => {
      const job = waiting.get(result.id);
      waiting.delete(result.id);
      if (waiting.size === 0) started.unref();
      if ('vectors' in result) job?.resolve(result.vectors);
      else job?.reject(modelFailed(options.modelPath, result.failure));
    });
    started.on('error', (error) => fail(started, error));
    started.on('exit', (code) => fail(started, new Error(`its thread ended with code ${code}`)));
    return started;
  }

  function fail(ended: Worker, error: unknown): void {
    if (worker !== ended) return;
    worker = null;
    for (const job of waiting.values()) job.reject(modelFailed(options.modelPath, String(error)));
    waiting.clear();
  }

  return {
    async run(texts) {
      worker ??= start();
      const current = worker;
      const id = ++lastId;
      return await new Promise<Float32Array[]>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        current.ref();
        current.postMessage({ id, texts } satisfies OnnxJob, []);
      });
    },

    async stop() {
      await worker?.terminate();
    },
  };
}

function modelFailed(path: string, what: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'model_failed',
    `The local embedding model ${path} does not work: ${what}; check that it is a complete ONNX text embedding model`,
  );
}
