import { setTimeout as sleep } from 'node:timers/promises';
import type { BudaoError } from '../../contract/errors.ts';

/** After an outage each process comes back at its own moment, somewhere below these. */
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;
/** A connection that held for so long has proven itself. */
const PROVEN_MS = 5_000;

/** Serves over one connection after another. `serve` resolves with the reason when its connection has ended. */
export async function keepConnected(
  serve: () => Promise<BudaoError>,
  onDisconnected: (reason: BudaoError) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const begunMs = performance.now();
    const reason = await serve();
    if (signal.aborted) return;
    onDisconnected(reason);
    failures = performance.now() - begunMs > PROVEN_MS ? 0 : failures + 1;
    const longestMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    await sleep(longestMs * (0.25 + 0.75 * Math.random()), undefined, { signal }).catch(() => {});
  }
}

/** Waits for what may hang, but not for long. */
export async function waitAtMost(promise: Promise<unknown>, longestMs: number): Promise<void> {
  const done = new AbortController();
  const patience = sleep(longestMs, undefined, { signal: done.signal }).catch(() => {});
  await Promise.race([promise, patience]);
  done.abort();
}
