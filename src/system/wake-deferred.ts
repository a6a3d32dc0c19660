import type { Dependency } from '../dependencies/dependency.ts';
import { ledgerTime } from '../ledger/clock.ts';
import { RUNS_AVAILABLE } from '../runs/channel.ts';
import { wakeDeferred } from '../runs/run-deferral.ts';
import type { Stores } from './compose.ts';

/** Kinds of runs that wait for one kind of dependency. */
const WAITING: Record<Dependency['kind'], readonly string[]> = {
  model: ['answer'],
  embedder: ['answer', 'ingest', 'rebuild'],
  index: ['answer', 'index', 'rebuild'],
  blobs: ['ingest', 'rebuild', 'maintain'],
  reranker: ['answer'],
};
/** One of those that wait tries whether a sign of recovery is true. */
const SCOUTS = 1;

/**
 * Wakes what waits when something recovers: one run at the first sign, the others once that has been proven, at a
 * distance. @returns a function that ends it
 */
export function wakeOnRecovery(
  { ledger, channel, dependencies }: Pick<Stores, 'ledger' | 'channel' | 'dependencies'>,
  onError: (error: unknown) => void,
): () => void {
  const wake = async (kinds: readonly string[], limit: number | null): Promise<void> => {
    for (const kind of kinds) {
      const request = { kind, now: ledgerTime(), ...(limit === null ? {} : { limit }) };
      const woken = await ledger.transaction((tx) => wakeDeferred(tx, request));
      if (woken > 0) channel.publish(RUNS_AVAILABLE, kind);
    }
  };
  return dependencies.subscribe((dependency, change) => {
    if (change === 'opened') return;
    wake(WAITING[dependency.kind], change === 'rested' ? SCOUTS : null).catch(onError);
  });
}
