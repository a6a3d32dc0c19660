import type { GeneratorChoice } from '../answers/ports.ts';
import { EXTRACTIVE_MODEL } from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import { Dependencies } from '../dependencies/dependencies.ts';
import type { Dependency } from '../dependencies/dependency.ts';
import { guardEmbedder } from '../dependencies/guarded-embedder.ts';
import type { Embedder } from '../knowledge/ports.ts';
import { createFallbackGenerator, generatorDependency } from '../models/fallback-generator.ts';
import type { OpenAiGenerator } from '../models/openai-generator.ts';
import type { Configuration, ModelEndpoint } from './configuration.ts';
import { tracedEmbedder, tracedGenerator } from './telemetry.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const EMBEDDING_TIMEOUT_MS = 20_000;
/** A reader waits for a query's vector; an ingest can wait out a restart of the endpoint. */
const EMBEDDING_RETRY_BUDGET_MS = { query: 1_500, passage: 60_000 };
/** Ingest takes a few places at a time, questions the rest. */
const EMBEDDER_CALLS = 64;
export const EMBEDDER_DEPENDENCY = 'embedder';

/** Asks whatever is configured, best first. */
export const AUTOMATIC_MODEL = 'budao';

export interface ConfiguredModels extends AsyncDisposable {
  /** Names of the configured endpoints, in the order in which they are tried. */
  generatorNames: string[];
  /** Null for the extractive answerer. @throws BudaoError model_not_found */
  choose(model: string): GeneratorChoice | null;
}

/** Their HTTP client is loaded only where an endpoint is configured: it takes some megabytes of every process. */
export async function createModels(
  configuration: Configuration,
  dependencies: Dependencies = new Dependencies(),
): Promise<ConfiguredModels> {
  const generators = await createGenerators(configuration.models);
  const guarded = generators.map((generator, index) => {
    const endpoint = configuration.models[index] as ModelEndpoint;
    return {
      generator: tracedGenerator(generator, endpoint),
      dependency: guardModel(dependencies, generator.name, endpoint),
    };
  });
  const all = guarded.length === 0 ? null : createFallbackGenerator({ endpoints: guarded });
  // A named model still falls back on the others: an answer in a declared mode is better than none.
  const byName = new Map(
    guarded.map((named) => [
      named.generator.name,
      createFallbackGenerator({ endpoints: [named, ...guarded.filter((other) => other !== named)] }),
    ]),
  );
  return {
    generatorNames: generators.map((generator) => generator.name),
    choose(model) {
      if (model === EXTRACTIVE_MODEL) return null;
      if (model === AUTOMATIC_MODEL) return all;
      const named = byName.get(model);
      if (named !== undefined) return named;
      const known = [AUTOMATIC_MODEL, EXTRACTIVE_MODEL, ...byName.keys()].join(', ');
      throw new BudaoError(
        'invalid',
        'model_not_found',
        `There is no model '${model}'. Known are: ${known}.`,
        {
          param: 'model',
        },
      );
    },
    async [Symbol.asyncDispose]() {
      for (const generator of generators) await generator[Symbol.asyncDispose]();
    },
  };
}

async function createGenerators(endpoints: readonly ModelEndpoint[]): Promise<OpenAiGenerator[]> {
  if (endpoints.length === 0) return [];
  const { createOpenAiGenerator } = await import('../models/openai-generator.ts');
  return endpoints.map((endpoint) =>
    createOpenAiGenerator({
      name: endpoint.name ?? endpoint.model,
      baseUrl: endpoint.baseUrl,
      apiKey: endpoint.apiKey?.reveal() ?? null,
      model: endpoint.model,
      contextTokens: endpoint.contextTokens,
      continuation: endpoint.continuation,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      firstTokenTimeoutMs: endpoint.firstTokenTimeoutMs,
      idleTimeoutMs: endpoint.idleTimeoutMs,
    }),
  );
}

function guardModel(dependencies: Dependencies, name: string, endpoint: ModelEndpoint): Dependency {
  const options = generatorDependency(
    { name },
    { bulkhead: { calls: endpoint.maxConcurrent }, probe: (signal) => probeModel(endpoint, signal) },
  );
  return dependencies.get(options.name) ?? dependencies.add(options);
}

/** Whether somebody answers there who would let us in: not whether the model writes, which the next question shows. */
async function probeModel({ baseUrl, apiKey }: ModelEndpoint, signal: AbortSignal): Promise<void> {
  const { request: sendRequest } = await import('undici');
  const response = await sendRequest(`${baseUrl.replace(/\/+$/, '')}/models`, {
    headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey.reveal()}` },
    signal,
  });
  await response.body.dump();
  if ([401, 403, 429].includes(response.statusCode) || response.statusCode >= 500)
    throw new Error(`HTTP ${response.statusCode}`);
}

export async function createEmbedder(
  configuration: Configuration,
  dependencies: Dependencies = new Dependencies(),
): Promise<Embedder | null> {
  const { embedder } = configuration;
  if (embedder === null) return null;
  let inner: Embedder | null = null;
  const dependency = dependencies.add({
    name: EMBEDDER_DEPENDENCY,
    kind: 'embedder',
    bulkhead: { calls: EMBEDDER_CALLS, queue: 1_000 },
    isFailure: speaksAgainstEmbedder,
    probe: async (signal) => {
      await inner?.embed(['ping'], { purpose: 'query', signal });
    },
  });
  inner = await openEmbedder(embedder, dependency);
  return guardEmbedder(inner, dependency);
}

function speaksAgainstEmbedder(error: unknown): boolean {
  return !(error instanceof BudaoError) || error.code !== 'embedder_refused';
}

async function openEmbedder(
  embedder: NonNullable<Configuration['embedder']>,
  dependency: Dependency,
): Promise<Embedder> {
  const { queryPrefix, passagePrefix } = embedder;
  if ('folder' in embedder) {
    const pooling = embedder.pooling === undefined ? {} : { pooling: embedder.pooling };
    const { createOnnxEmbedder } = await import('../models/onnx-embedder.ts');
    return createOnnxEmbedder({ folder: embedder.folder, queryPrefix, passagePrefix, ...pooling });
  }
  const { createOpenAiEmbedder } = await import('../models/openai-embedder.ts');
  const remote = createOpenAiEmbedder({
    name: embedder.model,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    timeoutMs: EMBEDDING_TIMEOUT_MS,
    retryBudgetMs: EMBEDDING_RETRY_BUDGET_MS,
    mayRetry: () => dependency.retries.take(),
    baseUrl: embedder.baseUrl,
    apiKey: embedder.apiKey?.reveal() ?? null,
    model: embedder.model,
    batchSize: embedder.batchSize,
    queryPrefix,
    passagePrefix,
  });
  return tracedEmbedder(remote, embedder);
}
