import { BudaoError, type ErrorKind } from '../contract/errors.ts';

export type GenerationErrorCode =
  | 'upstream_busy'
  | 'upstream_switched_off'
  | 'upstream_unreachable'
  | 'upstream_timeout'
  | 'upstream_rate_limited'
  | 'upstream_unauthorized'
  | 'upstream_refused'
  | 'upstream_failed'
  | 'upstream_garbage'
  | 'upstream_cut';

/** A passing trouble is worth another try of the run; the other two stay until an administrator acts. */
const KINDS: Record<GenerationErrorCode, ErrorKind> = {
  upstream_busy: 'unavailable',
  upstream_switched_off: 'unavailable',
  upstream_unreachable: 'unavailable',
  upstream_timeout: 'unavailable',
  upstream_rate_limited: 'unavailable',
  upstream_unauthorized: 'internal',
  upstream_refused: 'internal',
  upstream_failed: 'unavailable',
  upstream_garbage: 'unavailable',
  upstream_cut: 'unavailable',
};

export function isGenerationErrorCode(code: string): code is GenerationErrorCode {
  return code in KINDS;
}

export interface GenerationErrorOptions {
  cause?: unknown;
  /** Whether another endpoint may do better with the same request. True unless said otherwise. */
  tryElsewhere?: boolean;
  retryAfterMs?: number | null;
  /** The upstream's HTTP status, where there was one. */
  status?: number | null;
}

/** A model endpoint did not give what was asked. */
export class GenerationError extends BudaoError {
  declare readonly code: GenerationErrorCode;
  readonly tryElsewhere: boolean;
  /** How long the upstream asked to be left alone, or null. */
  readonly retryAfterMs: number | null;
  readonly status: number | null;
  /** True when parts of the answer had already been handed on. Set by the generator that handed them on. */
  afterFirstToken = false;

  constructor(code: GenerationErrorCode, message: string, options: GenerationErrorOptions = {}) {
    super(KINDS[code], code, message, { cause: options.cause });
    this.tryElsewhere = options.tryElsewhere ?? true;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.status = options.status ?? null;
  }
}
