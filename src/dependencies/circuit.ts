/** A circuit breaker whose calls may be streams, and that can be set by hand. Cockatiel's, with what that leaves out. */
import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  circuitBreaker,
  handleWhen,
  type IBreaker,
} from 'cockatiel';

export interface CircuitOptions {
  /** This many failures one after another open it. */
  consecutiveFailures: number;
  /** So does a greater share of failures among the last `windowCalls`. */
  failureRate: number;
  windowCalls: number;
  /** How long it keeps calls away before it lets one through as a probe. */
  restMs: number;
}

export const DEFAULT_CIRCUIT: CircuitOptions = {
  consecutiveFailures: 3,
  failureRate: 0.4,
  windowCalls: 20,
  restMs: 10_000,
};

/** By hand: `open` lets nothing through, `closed` everything, `auto` leaves it to what the calls show. */
export const FORCINGS = ['auto', 'open', 'closed'] as const;
export type Forcing = (typeof FORCINGS)[number];
export type CircuitCondition = 'closed' | 'half-open' | 'open';
/** `rested`: still open, and the next call is let through as a probe. */
export type CircuitChange = 'opened' | 'rested' | 'closed';

/** One call that was let through. */
export interface Passage {
  /** It went well; a stream says so with its first piece. */
  succeed(): void;
  /** It failed, perhaps after it had begun well. */
  fail(reason: unknown): Promise<void>;
  /** Ends a call that neither succeeded nor failed. */
  abandon(): void;
}

/** The caller went away: says nothing about what was called. */
class Abandoned extends Error {
  /** A probe that nobody waited for proved nothing, so the circuit stays open. */
  readonly probe: boolean;

  constructor(probe: boolean) {
    super('the caller went away');
    this.probe = probe;
  }
}

const UNGUARDED: Passage = { succeed() {}, async fail() {}, abandon() {} };

export class Circuit {
  readonly #options: CircuitOptions;
  readonly #isFailure: (error: unknown) => boolean;
  readonly #onChange: (change: CircuitChange) => void;
  #policy: CircuitBreakerPolicy;
  #forced: Forcing = 'auto';
  #probing = false;
  /** When the next probe is let through; 0 while closed. */
  #restsUntil = 0;
  /** It rests no longer because something was seen to answer, and not for time alone. */
  #hasSign = false;

  constructor(
    options: CircuitOptions,
    isFailure: (error: unknown) => boolean,
    onChange: (change: CircuitChange) => void = () => {},
  ) {
    this.#options = options;
    this.#isFailure = isFailure;
    this.#onChange = onChange;
    this.#policy = this.#build();
  }

  get forced(): Forcing {
    return this.#forced;
  }

  get condition(): CircuitCondition {
    if (this.#forced !== 'auto') return this.#forced;
    const { state } = this.#policy;
    if (state === CircuitState.Closed) return 'closed';
    return state === CircuitState.HalfOpen ? 'half-open' : 'open';
  }

  /** When the next probe is let through; null while it is closed or set by hand. */
  get restsUntil(): number | null {
    return this.#forced === 'auto' && this.#restsUntil > 0 ? this.#restsUntil : null;
  }

  /** Whether a call would be let through now. */
  admits(): boolean {
    if (this.#forced !== 'auto') return this.#forced === 'closed';
    // Others would wait for the probe; they do something else instead.
    if (this.#probing) return false;
    return this.#policy.state !== CircuitState.Open || Date.now() >= this.#restsUntil;
  }

  /** Whether calls are expected to go well: after a rest that time alone has ended nothing speaks for that yet. */
  get isTrusted(): boolean {
    return this.admits() && (this.condition !== 'open' || this.#hasSign);
  }

  /** Null while calls are kept away. */
  async enter(): Promise<Passage | null> {
    if (!this.admits()) return null;
    if (this.#forced === 'closed') return UNGUARDED;
    const policy = this.#policy;
    const outcome = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<boolean>();
    let probe = false;
    let settled = false;
    const execution = policy
      .execute(() => {
        probe = policy.state === CircuitState.HalfOpen;
        this.#probing = probe;
        entered.resolve(true);
        return outcome.promise;
      })
      .catch(() => entered.resolve(false));
    if (!(await entered.promise)) return null;

    const settle = (how: () => void): boolean => {
      if (settled) return false;
      settled = true;
      if (probe) this.#probing = false;
      how();
      return true;
    };
    return {
      succeed: () => void settle(outcome.resolve),
      abandon: () => void settle(() => outcome.reject(new Abandoned(probe))),
      fail: async (reason) => {
        if (settle(() => outcome.reject(reason))) await execution;
        // It counted as a success when it began; breaking off later is a failure of its own.
        else if (policy.state === CircuitState.Closed) {
          await policy.execute(() => Promise.reject(reason)).catch(() => {});
        }
      },
    };
  }

  force(forced: Forcing): void {
    if (forced === this.#forced) return;
    const before = this.condition;
    this.#forced = forced;
    // What the calls showed before somebody took over says nothing about now.
    this.#policy = this.#build();
    this.#probing = false;
    this.#restsUntil = 0;
    if (this.condition !== before) this.#onChange(this.condition === 'open' ? 'opened' : 'closed');
  }

  /** There is a sign of recovery: the next call is let through as a probe. */
  endRest(): void {
    if (this.#forced !== 'auto' || this.#policy.state !== CircuitState.Open) return;
    const { ownState } = this.#policy.toJSON() as { ownState: object };
    this.#policy = this.#build({ ownState: { ...ownState, openedAt: 0 }, breakerState: null });
    this.#restsUntil = Date.now();
    this.#hasSign = true;
    this.#onChange('rested');
  }

  #build(initialState?: object): CircuitBreakerPolicy {
    const policy = circuitBreaker(
      handleWhen((error) => (error instanceof Abandoned ? error.probe : this.#isFailure(error))),
      {
        halfOpenAfter: this.#options.restMs,
        breaker: createBreaker(this.#options),
        ...(initialState === undefined ? {} : { initialState }),
      },
    );
    policy.onBreak(() => {
      if (this.#policy !== policy) return;
      this.#restsUntil = Date.now() + this.#options.restMs;
      this.#hasSign = false;
      this.#onChange('opened');
    });
    policy.onReset(() => {
      if (this.#policy !== policy) return;
      this.#restsUntil = 0;
      this.#onChange('closed');
    });
    return policy;
  }
}

/** Opens on failures in a row or on a rate of failures, whichever comes first. */
function createBreaker(options: CircuitOptions): IBreaker {
  const consecutive = new ConsecutiveBreaker(options.consecutiveFailures);
  const rate = new CountBreaker({
    threshold: options.failureRate,
    size: options.windowCalls,
    minimumNumberOfCalls: Math.ceil(options.windowCalls / 2),
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
