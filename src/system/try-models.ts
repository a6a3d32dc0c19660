import type { GenerationPart } from '../answers/ports.ts';
/** Tries what the configuration names, with the smallest request that tells whether it works. */
import type { Embedder } from '../knowledge/ports.ts';
import type { Configuration } from './configuration.ts';
import { type ConfiguredModels, createEmbedder, createModels } from './models.ts';
import { attempt, type Trial } from './trial.ts';

const TRY_TIMEOUT_MS = 30_000;
/** Some models refuse a limit of one, and thinking ones say nothing within a few. */
const TRY_OUTPUT_TOKENS = 16;

export async function tryModels(configuration: Configuration): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const endpoint of configuration.models) {
    const name = endpoint.name ?? endpoint.model;
    // One at a time: a fallback would hide that the first one is down.
    await using models = await createModels({ ...configuration, models: [endpoint] });
    trials.push(await attempt('model', name, async () => tryGenerator(models.choose(name))));
  }
  const { embedder } = configuration;
  if (embedder !== null) {
    const name = 'folder' in embedder ? embedder.folder : embedder.model;
    trials.push(
      await attempt('embedder', name, async () => tryEmbedder(await createEmbedder(configuration))),
    );
  }
  return trials;
}

type Choice = ReturnType<ConfiguredModels['choose']>;

async function tryGenerator(generator: Choice): Promise<string> {
  if (generator === null) return '';
  const request = {
    messages: [{ role: 'user' as const, content: 'Say: ok' }],
    prefix: '',
    maxOutputTokens: TRY_OUTPUT_TOKENS,
    temperature: null,
    topP: null,
    signal: AbortSignal.timeout(TRY_TIMEOUT_MS),
  };
  let usage = '';
  const onPart = (part: GenerationPart): void => {
    if (part.type === 'end' && part.usage !== null) usage = `${part.usage.outputTokens} tokens`;
  };
  await generator.generate(request, onPart, () => {});
  return usage;
}

async function tryEmbedder(embedder: Embedder | null): Promise<string> {
  if (embedder === null) return '';
  try {
    const signal = AbortSignal.timeout(TRY_TIMEOUT_MS);
    const [vector] = await embedder.embed(['ok'], { purpose: 'query', signal });
    return `${vector?.length ?? 0} dimensions`;
  } finally {
    await (embedder as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.();
  }
}
