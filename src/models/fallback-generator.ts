// A list of generators, tried in order, each behind its own circuit breaker.

import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  circuitBreaker,
  handleWhen,
  type IBreaker,
} from 'cockatiel';
import type { GenerationPart, GenerationRequest, Generator } from '../answers/ports.ts';
import { GenerationError } from './generation-error.ts';

export interface BreakerOptions {
  /** This many failures one after another open the breaker. */
  consecutiveFailures: number;
  /** So does a greater share of failures among the last `windowCalls`. */
  failureRate: number;
  windowCalls: number;
  /** How long an open breaker keeps requests away before it lets one probe through. */
  restMs: number;
}

export const DEFAULT_BREAKER: BreakerOptions = {
  consecutiveFailures: 3,
  failureRate: 0.4,
  windowCalls: 20,
  restMs: 10_000,
};

export interface FallbackOptions {
  /** At least one, in the order of preference. */
  generators: readonly Generator[];
  name?: string;
  breaker?: Partial<BreakerOptions>;
  /** Called with the endpoint whose first part has just arrived; again when another one takes over. */
  onEndpoint?: (name: string, index: number) => void;
}

export interface EndpointState {
  name: string;
  breaker: 'closed' | 'open' | 'half-open';
  /** The code of the last failure, or null when the last call went well. */
  lastError: string | null;
}

export interface FallbackGenerator extends Generator {
  states(): EndpointState[];
  /** Like `generate`, and reports to this request's own listener. */
  generate(
    request: GenerationRequest,
    onPart: (part: GenerationPart) => void,
    onEndpoint?: (name: string, index: number) => void,
  ): Promise<void>;
}

interface Endpoint {
  generator: Generator;
  breaker: CircuitBreakerPolicy;
  lastError: GenerationError | null;
  /** When the breaker lets the next probe through; 0 while it is closed. */
  restsUntil: number;
  probing: boolean;
}

/** The reader went away: says nothing about the endpoint. */
class Abandoned extends Error {
  /** A probe that nobody waited for proved nothing, so the breaker stays open. */
  readonly probe: boolean;

  constructor(probe: boolean) {
    super('the reader went away');
    this.probe = probe;
  }
}

export function createFallbackGenerator(options: FallbackOptions): FallbackGenerator {
  const settings = { ...DEFAULT_BREAKER, ...options.breaker };
  const endpoints = options.generators.map((generator) => createEndpoint(generator, settings));
  if (endpoints.length === 0) throw new RangeError('a fallback generator needs at least one generator');
  const name = options.name ?? options.generators.map((generator) => generator.name).join(', ');

  return {
    name,
    // A prompt has to fit whichever endpoint answers.
    contextTokens: Math.min(...options.generators.map((generator) => generator.contextTokens)),
    generate: (request, onPart, onEndpoint) =>
      generate(endpoints, name, request, onPart, onEndpoint ?? options.onEndpoint),
    states: () => endpoints.map(describe),
  };
}

async function generate(
  endpoints: readonly Endpoint[],
  name: string,
  request: GenerationRequest,
  onPart: (part: GenerationPart) => void,
  onEndpoint?: (name: string, index: number) => void,
): Promise<void> {
  const failures: GenerationError[] = [];
  let prefix = request.prefix;
  let handedOn = false;
  for (const [index, endpoint] of endpoints.entries()) {
    const call = await enter(endpoint);
    if (call === null) continue;
    let answered = false;
    try {
      await endpoint.generator.generate({ ...request, prefix }, (part) => {
        if (!answered) {
          answered = true;
          call.succeed();
          onEndpoint?.(endpoint.generator.name, index);
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
      call.abandon();
    }
  }
  const failure = failures.length === 0 ? restingError(endpoints, name) : lastError(failures);
  failure.afterFirstToken = handedOn;
  throw failure;
}

interface Call {
  /** The endpoint has begun to answer. */
  succeed(): void;
  fail(reason: GenerationError): Promise<void>;
  /** Ends a call that neither succeeded nor failed. */
  abandon(): void;
}

/** Passes the breaker, or gives null while it keeps requests away. */
async function enter(endpoint: Endpoint): Promise<Call | null> {
  // Cockatiel would let others wait for the probe; they go to the next endpoint instead.
  if (endpoint.probing) return null;
  const { breaker } = endpoint;
  const outcome = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<boolean>();
  let probe = false;
  let settled = false;
  const execution = breaker
    .execute(() => {
      probe = breaker.state === CircuitState.HalfOpen;
      endpoint.probing = probe;
      entered.resolve(true);
      return outcome.promise;
    })
    .catch(() => entered.resolve(false));
  if (!(await entered.promise)) return null;

  function settle(how: () => void): boolean {
    if (settled) return false;
    settled = true;
    if (probe) endpoint.probing = false;
    how();
    return true;
  }

  return {
    succeed() {
      if (settle(outcome.resolve)) endpoint.lastError = null;
    },
    abandon() {
      settle(() => outcome.reject(new Abandoned(probe)));
    },
    async fail(reason) {
      endpoint.lastError = reason;
      if (settle(() => outcome.reject(reason))) await execution;
      // The call counted as a success when it began to answer; breaking off later is a failure of its own.
      else if (breaker.state === CircuitState.Closed) {
        await breaker.execute(() => Promise.reject(reason)).catch(() => {});
      }
    },
  };
}

function createEndpoint(generator: Generator, settings: BreakerOptions): Endpoint {
  const breaker = circuitBreaker(handleWhen(endpointIsToBlame), {
    halfOpenAfter: settings.restMs,
    breaker: createBreaker(settings),
  });
  const endpoint: Endpoint = { generator, breaker, lastError: null, restsUntil: 0, probing: false };
  breaker.onBreak(() => {
    endpoint.restsUntil = Date.now() + settings.restMs;
  });
  breaker.onReset(() => {
    endpoint.restsUntil = 0;
  });
  return endpoint;
}

/** A refused request says something about the request, not about the endpoint's health. */
function endpointIsToBlame(error: unknown): boolean {
  if (error instanceof Abandoned) return error.probe;
  return error instanceof GenerationError && error.code !== 'upstream_refused';
}

/** Opens on failures in a row or on a rate of failures, whichever comes first. */
function createBreaker(settings: BreakerOptions): IBreaker {
  const consecutive = new ConsecutiveBreaker(settings.consecutiveFailures);
  const rate = new CountBreaker({
    threshold: settings.failureRate,
    size: settings.windowCalls,
    minimumNumberOfCalls: Math.ceil(settings.windowCalls / 2),
  });
  return {
    state: null,
    success(state) {
      consecutive.success();
      rate.success(state);
    },
    failure(state) {
      const inARow = consecutive.failure();
      return rate.failure(state) || inARow;
    },
  };
}

function describe(endpoint: Endpoint): EndpointState {
  const { state } = endpoint.breaker;
  const rests = state === CircuitState.Open || state === CircuitState.Isolated;
  return {
    name: endpoint.generator.name,
    breaker: rests ? 'open' : state === CircuitState.HalfOpen ? 'half-open' : 'closed',
    lastError: endpoint.lastError?.code ?? null,
  };
}

function lastError(failures: readonly GenerationError[]): GenerationError {
  const last = failures.at(-1)!;
  if (failures.length === 1) return last;
  const { code, message, tryElsewhere, retryAfterMs, status } = last;
  const cause = new AggregateError(failures, 'every model endpoint failed');
  return new GenerationError(code, message, { tryElsewhere, retryAfterMs, status, cause });
}

function restingError(endpoints: readonly Endpoint[], name: string): GenerationError {
  const retryAfterMs = Math.max(0, Math.min(...endpoints.map(({ restsUntil }) => restsUntil)) - Date.now());
  const causes = endpoints.flatMap(({ lastError }) => lastError ?? []);
  return new GenerationError(
    'upstream_unreachable',
    `No model endpoint of "${name}" is asked at the moment, for all of them failed a short while ago; ` +
      `the next try is possible in ${Math.ceil(retryAfterMs / 1_000)} s`,
    { retryAfterMs, cause: causes.at(-1) },
  );
}
