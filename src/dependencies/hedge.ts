/** The last durations of calls that went well. */
export class Durations {
  static readonly #KEPT = 64;
  /** With fewer, the slowest of them says little about what is slow. */
  static readonly #ENOUGH = 16;
  readonly #values: number[] = [];
  #next = 0;

  add(durationMs: number): void {
    this.#values[this.#next] = durationMs;
    this.#next = (this.#next + 1) % Durations.#KEPT;
  }

  /** Nineteen of twenty calls take less; null as long as there were only few. */
  get p95Ms(): number | null {
    if (this.#values.length < Durations.#ENOUGH) return null;
    const sorted = this.#values.toSorted((left, right) => left - right);
    return sorted[Math.floor(sorted.length * 0.95)] ?? null;
  }
}

export interface HedgeRequest<T> {
  work: (signal: AbortSignal) => Promise<T>;
  signal: AbortSignal;
  /** How long the first try has before a second one starts beside it. */
  afterMs: number;
  /** Asked at that moment; false leaves the first one alone. */
  mayHedge: () => boolean;
}

/** The first answer of up to two tries counts, and the other try is called off. For reads that may be done twice. */
export async function hedged<T>(request: HedgeRequest<T>): Promise<{ value: T; hedgeWon: boolean }> {
  const controllers = [new AbortController(), new AbortController()];
  const stop = (): void => controllers.forEach((one) => one.abort(request.signal.reason));
  request.signal.addEventListener('abort', stop, { once: true });
  const attempt = async (index: 0 | 1): Promise<{ value: T; hedgeWon: boolean }> => ({
    value: await request.work((controllers[index] as AbortController).signal),
    hedgeWon: index === 1,
  });
  let timer: NodeJS.Timeout | undefined;
  let winner = -1;
  try {
    request.signal.throwIfAborted();
    const first = attempt(0);
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), request.afterMs);
    });
    const early = await Promise.race([first, late]);
    const answered =
      early !== 'late'
        ? early
        : await (request.mayHedge() ? Promise.any([first, attempt(1)]).catch(firstOf) : first);
    winner = answered.hedgeWon ? 1 : 0;
    return answered;
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', stop);
    // What won may be a stream that is read from now on.
    for (const [index, one] of controllers.entries()) if (index !== winner) one.abort();
  }
}

function firstOf({ errors: [first] }: AggregateError): never {
  throw first;
}
