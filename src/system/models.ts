import type { GeneratorChoice } from '../answers/ports.ts';
import { EXTRACTIVE_MODEL } from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import type { Embedder } from '../knowledge/ports.ts';
import { createFallbackGenerator, type EndpointState } from '../models/fallback-generator.ts';
import { createOnnxEmbedder } from '../models/onnx-embedder.ts';
import { createOpenAiEmbedder } from '../models/openai-embedder.ts';
import { createOpenAiGenerator } from '../models/openai-generator.ts';
import type { Configuration } from './configuration.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const EMBEDDING_TIMEOUT_MS = 20_000;
/** A reader waits for a query's vector; an ingest can wait out a restart of the endpoint. */
const EMBEDDING_RETRY_BUDGET_MS = { query: 1_500, passage: 60_000 };

/** Asks whatever is configured, best first. */
export const AUTOMATIC_MODEL = 'budao';

export interface ConfiguredModels extends AsyncDisposable {
  /** Names of the configured endpoints, in the order in which they are tried. */
  generatorNames: string[];
  /** Null for the extractive answerer. @throws BudaoError model_not_found */
  choose(model: string): GeneratorChoice | null;
  states(): EndpointState[];
}

export function createModels(configuration: Configuration): ConfiguredModels {
  const generators = configuration.models.map((endpoint) =>
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
  const all = generators.length === 0 ? null : createFallbackGenerator({ generators });
  // A named model still falls back on the others: an answer in a declared mode is better than none.
  const byName = new Map(
    generators.map((generator) => [
      generator.name,
      createFallbackGenerator({
        generators: [generator, ...generators.filter((other) => other !== generator)],
      }),
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
    states: () => all?.states() ?? [],
    async [Symbol.asyncDispose]() {
      for (const generator of generators) await generator[Symbol.asyncDispose]();
    },
  };
}

export async function createEmbedder(configuration: Configuration): Promise<Embedder | null> {
  const { embedder } = configuration;
  if (embedder === null) return null;
  const { queryPrefix, passagePrefix } = embedder;
  if ('folder' in embedder) {
    const pooling = embedder.pooling === undefined ? {} : { pooling: embedder.pooling };
    return createOnnxEmbedder({ folder: embedder.folder, queryPrefix, passagePrefix, ...pooling });
  }
  return createOpenAiEmbedder({
    name: embedder.model,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    timeoutMs: EMBEDDING_TIMEOUT_MS,
    retryBudgetMs: EMBEDDING_RETRY_BUDGET_MS,
    baseUrl: embedder.baseUrl,
    apiKey: embedder.apiKey?.reveal() ?? null,
    model: embedder.model,
    batchSize: embedder.batchSize,
    queryPrefix,
    passagePrefix,
  });
}
