/** Traces by the names of OpenTelemetry's conventions for generative AI, where an endpoint for them is configured. */
import type { Generator } from '../answers/ports.ts';
import { ANSWER_RUN, type AnswerInput, type AnswerResult } from '../contract/answer.ts';
import { type Attributes, inSpan, isRecording, recordSpans } from '../health/telemetry/span.ts';
import type { Embedder } from '../knowledge/ports.ts';
import type { Retriever } from '../knowledge/retrieve/retrieve.ts';
import type { RunContext, RunOutcome } from '../runs/run.ts';
import type { Configuration } from './configuration.ts';
import { nodeName } from './shared-stores.ts';
import { VERSION } from './version.ts';

/** Nothing leaves the machine unless an endpoint is configured. Call before anything is composed. */
export async function startTelemetry(
  configuration: Configuration,
  process: { role: string; processId: string },
  onError: (error: unknown) => void,
): Promise<AsyncDisposable> {
  const cleanup = new AsyncDisposableStack();
  const { otlpEndpoint, sampleRatio } = configuration.health.telemetry;
  if (otlpEndpoint === null) return cleanup;
  const { OtlpExporter } = await import('../health/telemetry/otlp-exporter.ts');
  const resource = {
    'service.name': 'budao',
    'service.version': VERSION,
    'service.instance.id': process.processId,
    'host.name': nodeName(configuration),
    'budao.role': process.role,
  };
  const exporter = cleanup.use(new OtlpExporter({ endpoint: otlpEndpoint, resource, onError }));
  cleanup.use(recordSpans(exporter.add, sampleRatio));
  return cleanup;
}

/** A generator that is traced only where traces are recorded: elsewhere its pieces pass nobody else. */
export function tracedGenerator(
  generator: Generator,
  endpoint: { model: string; baseUrl: string },
): Generator {
  if (!isRecording()) return generator;
  const attributes = { ...genAi('chat', endpoint), 'gen_ai.output.type': 'text' };
  return {
    name: generator.name,
    contextTokens: generator.contextTokens,
    generate(request, onPart) {
      const startedMs = performance.now();
      const found: Attributes = {};
      const asked = {
        ...attributes,
        'gen_ai.request.max_tokens': request.maxOutputTokens,
        'gen_ai.request.temperature': request.temperature,
        'gen_ai.request.top_p': request.topP,
      };
      const work = () =>
        generator.generate(request, (part) => {
          found['gen_ai.response.time_to_first_chunk'] ??= (performance.now() - startedMs) / 1_000;
          if (part.type === 'end') {
            found['gen_ai.response.finish_reasons'] = [part.reason];
            found['gen_ai.usage.input_tokens'] = part.usage?.inputTokens;
            found['gen_ai.usage.output_tokens'] = part.usage?.outputTokens;
          }
          onPart(part);
        });
      return inSpan(`chat ${endpoint.model}`, { kind: 'client', attributes: asked }, work, () => found);
    },
  };
}

export function tracedEmbedder(embedder: Embedder, endpoint: { model: string; baseUrl: string }): Embedder {
  if (!isRecording()) return embedder;
  const attributes = genAi('embeddings', endpoint);
  return {
    id: embedder.id,
    get dimension() {
      return embedder.dimension;
    },
    embed: (texts, options) =>
      inSpan(`embeddings ${endpoint.model}`, { kind: 'client', attributes }, () =>
        embedder.embed(texts, options),
      ),
  };
}

export function tracedRetriever(retriever: Retriever): Retriever {
  if (!isRecording()) return retriever;
  const attributes = { 'gen_ai.operation.name': 'retrieval' };
  return {
    retrieve: (workspaceId, request, signal) =>
      inSpan(
        'retrieval',
        { kind: 'internal', attributes },
        () => retriever.retrieve(workspaceId, request, signal),
        ({ hits, knowledgeBaseIds, degraded }) => ({
          'gen_ai.data_source.id': knowledgeBaseIds.join(','),
          'budao.retrieval.hits': hits.length,
          'budao.mode': degraded?.mode,
        }),
      ),
  };
}

/** The work on a run; an answer counts as the invocation of an agent. */
export function inRunSpan(
  context: RunContext,
  parent: string | null,
  work: () => Promise<RunOutcome>,
): Promise<RunOutcome> {
  const { run } = context;
  const isAnswer = run.kind === ANSWER_RUN;
  const attributes = {
    'budao.run.id': run.id,
    'budao.run.kind': run.kind,
    'budao.run.epoch': run.epoch,
    ...(isAnswer
      ? {
          'gen_ai.operation.name': 'invoke_agent',
          'gen_ai.agent.name': 'budao',
          'gen_ai.conversation.id': (context.input as AnswerInput).conversationId,
        }
      : {}),
  };
  const name = isAnswer ? 'invoke_agent budao' : `run ${run.kind}`;
  return inSpan(name, { kind: 'consumer', attributes, parent }, work, ({ status, result }) => ({
    'budao.run.status': status,
    ...(isAnswer ? answerAttributes((result ?? {}) as Partial<AnswerResult>) : {}),
  }));
}

function answerAttributes(result: Partial<AnswerResult>): Attributes {
  return {
    'budao.mode': result.mode,
    'budao.declined': result.declined,
    'budao.citations': result.citations?.length,
    'gen_ai.usage.input_tokens': result.usage?.inputTokens,
    'gen_ai.usage.output_tokens': result.usage?.outputTokens,
  };
}

function genAi(operation: string, { model, baseUrl }: { model: string; baseUrl: string }): Attributes {
  const { hostname, port, protocol } = new URL(baseUrl);
  return {
    'gen_ai.operation.name': operation,
    // Whoever speaks its interface, whatever stands behind it.
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': model,
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  };
}
