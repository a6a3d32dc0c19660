import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import { CreateEmbeddings } from '../../contract/openai/chat-completions.ts';
import { EmbeddingsReply, ModelReply, ModelsReply } from '../../contract/replies/responses.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { validateBody } from '../foundation/validate.ts';

interface ModelObject {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
}

/** Models have no date of birth here; clients want a number. */
const CREATED = 1_764_547_200;

export function modelRoutes(dependencies: HttpDependencies): FastifyPluginAsync {
  const models: ModelObject[] = [
    model('budao', 'budao'),
    model('extractive', 'budao'),
    ...dependencies.generatorNames
      .filter((name) => name !== 'budao' && name !== 'extractive')
      .map((name) => model(name, 'endpoint')),
  ];

  return async (app) => {
    app.get(
      '/v1/models',
      {
        config: {
          role: 'reader',
          operation: { summary: 'List the models', answer: ModelsReply, tag: 'Models' },
        },
      },
      async () => ({ object: 'list', data: models }),
    );
    app.get<{ Params: { '*': string } }>(
      // Names of models may hold slashes.
      '/v1/models/*',
      {
        config: {
          role: 'reader',
          operation: { summary: 'Describe a model', answer: ModelReply, tag: 'Models', wildcard: 'model' },
        },
      },
      async (request) => {
        const id = request.params['*'];
        const found = models.find((candidate) => candidate.id === id);
        if (found !== undefined) return found;
        throw new BudaoError(
          'not_found',
          'model_not_found',
          `There is no model ${id}. GET /v1/models lists them.`,
          {
            param: 'model',
          },
        );
      },
    );
    app.post(
      '/v1/embeddings',
      {
        config: {
          role: 'reader',
          operation: {
            summary: 'Embed texts',
            answer: EmbeddingsReply,
            tag: 'Models',
            body: CreateEmbeddings,
          },
        },
      },
      (request) => embed(dependencies, request),
    );
  };
}

function model(id: string, ownedBy: string): ModelObject {
  return { id, object: 'model', created: CREATED, owned_by: ownedBy };
}

async function embed({ embedder }: HttpDependencies, request: FastifyRequest): Promise<unknown> {
  const body = validateBody(CreateEmbeddings, request.body);
  if (embedder === null) {
    throw new BudaoError(
      'invalid',
      'embedder_not_configured',
      'No embedder is configured. Set BUDAO_EMBEDDING_BASE_URL and BUDAO_EMBEDDING_NAME, or an ONNX folder in the configuration file.',
    );
  }
  const texts = typeof body.input === 'string' ? [body.input] : body.input;
  const vectors = await embedder.embed(texts, { purpose: 'passage' });
  const width = body.dimensions ?? null;
  if (width !== null && width !== vectors[0]?.length) {
    throw new BudaoError(
      'invalid',
      'unsupported_dimensions',
      `The embedder gives ${vectors[0]?.length ?? 0} dimensions; leave 'dimensions' out.`,
      { param: 'dimensions' },
    );
  }
  return {
    object: 'list',
    model: embedder.id,
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: body.encoding_format === 'base64' ? base64(vector) : vector,
    })),
    usage: { prompt_tokens: 0, total_tokens: 0 },
  };
}

/** Little-endian 32-bit floats, as OpenAI clients ask for by default. */
function base64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
