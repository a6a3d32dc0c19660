// A list of generators, tried in order, each behind its own circuit breaker.

import type { EndpointHealth, GenerationPart, GenerationRequest, Generator } from '../answers/ports.ts';
import { Dependency, type DependencyOptions, type OpenCall } from '../dependencies/dependency.ts';
import type { DependencyState } from '../dependencies/dependency-state.ts';
import { DependencyRefusal } from '../dependencies/refusals.ts';
import { GenerationError, type GenerationErrorCode, isGenerationErrorCode } from './generation-error.ts';

/** A generator with what guards it; the same guard serves every list that the generator is in. */
export interface GuardedGenerator {
  generator: Generator;
  dependency: Dependency;
}

export interface FallbackOptions {
  /** At least one, in the order of preference. */
  endpoints: readonly GuardedGenerator[];
  name?: string;
  /** Called with the endpoint whose first part has just arrived; again when another one takes over. */
  onEndpoint?: (name: string, index: number) => void;
}

export interface FallbackGenerator extends Generator {
  endpoints(): EndpointHealth[];
  /** Like `generate`, and reports to this request's own listener. */
  generate(
    request: GenerationRequest,
    onPart: (part: GenerationPart) => void,
    onEndpoint?: (name: string, index: number) => void,
    options?: { onlyPreferred: boolean },
  ): Promise<void>;
}

/** How a generator is guarded: a request that it refused says something about the request, not about its health. */
export function generatorDependency(
  generator: Pick<Generator, 'name'>,
  options: Partial<DependencyOptions> = {},
): DependencyOptions {
  return {
    name: modelDependencyName(generator.name),
    kind: 'model',
    isFailure: endpointIsToBlame,
    ...options,
  };
}

export function modelDependencyName(name: string): string {
  return `model:${name}`;
}

export function createFallbackGenerator(options: FallbackOptions): FallbackGenerator {
  const { endpoints } = options;
  if (endpoints.length === 0) throw new RangeError('a fallback generator needs at least one generator');
  const generators = endpoints.map(({ generator }) => generator);
  const name = options.name ?? generators.map((generator) => generator.name).join(', ');

  return {
    name,
    // A prompt has to fit whichever endpoint answers.
    contextTokens: Math.min(...generators.map((generator) => generator.contextTokens)),
    generate: (request, onPart, onEndpoint, { onlyPreferred } = { onlyPreferred: false }) =>
      generate(
        { name, endpoints: onlyPreferred ? endpoints.slice(0, 1) : endpoints },
        request,
        onPart,
        onEndpoint ?? options.onEndpoint,
      ),
    endpoints: () =>
      endpoints.map(({ generator, dependency: { state } }) => ({
        name: generator.name,
        isUsable: state.isUsable,
        lastError: state.lastError,
      })),
  };
}

async function generate(
  { name, endpoints }: { name: string; endpoints: readonly GuardedGenerator[] },
  request: GenerationRequest,
  onPart: (part: GenerationPart) => void,
  onEndpoint?: (name: string, index: number) => void,
): Promise<void> {
  const failures: GenerationError[] = [];
  const refusals: DependencyRefusal[] = [];
  let prefix = request.prefix;
  let handedOn = false;
  for (const [index, { generator, dependency }] of endpoints.entries()) {
    const call = await enter(dependency, request.signal, refusals);
    if (call === null) continue;
    let answered = false;
    try {
      await generator.generate({ ...request, prefix }, (part) => {
        if (!answered) {
          answered = true;
          call.succeed();
          onEndpoint?.(generator.name, index);
        }
        if (part.type === 'text') prefix += part.text;
        handedOn = true;
        onPart(part);
      });
      return;
    } catch (error) {
      if (request.signal.aborted || !(error instanceof GenerationError)) throw error;
      await call.fail(error);
      failures.push(error);
      if (!error.tryElsewhere) break;
    } finally {
      call.end();
    }
  }
  const failure = failures.length === 0 ? refusedError(endpoints, name, refusals) : lastError(failures);
  failure.afterFirstToken = handedOn;
  throw failure;
}

/** Null where the endpoint is kept away from, or has no place: the next one is asked. */
async function enter(
  dependency: Dependency,
  signal: AbortSignal,
  refusals: DependencyRefusal[],
): Promise<OpenCall | null> {
  try {
    return await dependency.enter(signal);
  } catch (error) {
    if (!(error instanceof DependencyRefusal)) throw error;
    refusals.push(error);
    return null;
  }
}

function endpointIsToBlame(error: unknown): boolean {
  return error instanceof GenerationError && error.code !== 'upstream_refused';
}

function lastError(failures: readonly GenerationError[]): GenerationError {
  const last = failures.at(-1)!;
  if (failures.length === 1) return last;
  const { code, message, tryElsewhere, retryAfterMs, status } = last;
  const cause = new AggregateError(failures, 'every model endpoint failed');
  return new GenerationError(code, message, { tryElsewhere, retryAfterMs, status, cause });
}

/** Nobody was asked: says why, with the code of what went wrong before where that is known. */
function refusedError(
  endpoints: readonly GuardedGenerator[],
  name: string,
  refusals: readonly DependencyRefusal[],
): GenerationError {
  const retryAfterMs = Math.min(...refusals.map((refusal) => refusal.retryAfterMs));
  const options = { retryAfterMs, cause: refusals.at(-1) };
  if (refusals.some((refusal) => refusal.code === 'dependency_busy')) {
    return new GenerationError(
      'upstream_busy',
      `Every model endpoint of "${name}" writes as many answers as it may; try again in a moment or raise the limits`,
      options,
    );
  }
  const states = endpoints.map(({ dependency }) => dependency.state);
  if (states.every((state) => state.forced === 'open')) {
    return new GenerationError(
      'upstream_switched_off',
      `Every model endpoint of "${name}" was switched off by hand; an operator can switch it on again`,
      options,
    );
  }
  return new GenerationError(
    lastCode(states),
    `No model endpoint of "${name}" is asked at the moment, for all of them failed a short while ago; ` +
      `the next try is possible in ${Math.ceil(retryAfterMs / 1_000)} s`,
    options,
  );
}

function lastCode(states: readonly DependencyState[]): GenerationErrorCode {
  const codes = states.flatMap((state) => state.lastError?.code ?? []);
  return codes.find(isGenerationErrorCode) ?? 'upstream_unreachable';
}
