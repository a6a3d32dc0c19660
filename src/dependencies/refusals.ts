import type { ErrorCode } from '../contract/error-codes.ts';
import { BudaoError } from '../contract/errors.ts';
import type { Forcing } from './circuit.ts';
import type { BulkheadOptions } from './dependency.ts';

/** A call that was not made, or not waited for. */
export class DependencyRefusal extends BudaoError {
  /** How long to wait before the next try is worth it. */
  readonly retryAfterMs: number;

  constructor(code: ErrorCode, message: string, retryAfterMs: number) {
    super('unavailable', code, message);
    this.retryAfterMs = retryAfterMs;
  }
}

export function dependencyResting(
  name: string,
  forced: Forcing,
  restsUntil: number | null,
  lastMessage: string | null,
): DependencyRefusal {
  if (forced === 'open') {
    const message = `"${name}" was switched off by hand. An operator can switch it on again under /ops/dependencies.`;
    return new DependencyRefusal('dependency_resting', message, 30_000);
  }
  const waitMs = Math.max(0, (restsUntil ?? 0) - Date.now());
  const why = lastMessage === null ? '' : ` (${lastMessage})`;
  const message = `"${name}" is not asked at the moment, for it failed a short while ago${why}; the next try is possible in ${Math.ceil(waitMs / 1_000)} s.`;
  return new DependencyRefusal('dependency_resting', message, waitMs);
}

export function dependencyBusy(name: string, limits: BulkheadOptions): DependencyRefusal {
  const message = `"${name}" has ${limits.calls} calls of this process to answer already. Try again in a moment, or raise its limit.`;
  return new DependencyRefusal('dependency_busy', message, limits.queueMs);
}

export function dependencyTimeout(name: string, timeoutMs: number): DependencyRefusal {
  return new DependencyRefusal(
    'dependency_timeout',
    `"${name}" did not answer within ${timeoutMs} ms. Check its load, or raise the limit.`,
    1_000,
  );
}
