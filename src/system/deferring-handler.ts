import { BudaoError } from '../contract/errors.ts';
import type { RunHandler } from '../runs/run.ts';
import { RunDeferral } from '../runs/run-deferral.ts';

/** What a run can only wait for; to try again in vain until its attempts are used up would fail it for nothing. */
const WAITED_FOR = new Set([
  'dependency_resting',
  'dependency_busy',
  'index_missing',
  'storage_unavailable',
  'embedder_unreachable',
  'embedder_timeout',
  'embedder_rate_limited',
]);
/** Longer than an outage, shorter than for ever. */
const DEFERRED_TIMEOUT_MS = 7 * 24 * 3_600_000;

/** Documents wait for what is away, as questions do. */
export function deferring(handler: RunHandler<never>): RunHandler<never> {
  return {
    ...handler,
    async handle(context) {
      try {
        return await handler.handle(context);
      } catch (error) {
        if (context.signal.aborted || !(error instanceof BudaoError) || !WAITED_FOR.has(error.code))
          throw error;
        throw new RunDeferral(error.code, error.message, { timeoutMs: DEFERRED_TIMEOUT_MS, cause: error });
      }
    },
  };
}
