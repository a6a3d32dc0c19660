import { TOLERATED_FEED_ERRORS } from '../limits.ts';
import type { Projection } from './projection.ts';
import type { Feeds } from './stream-hub.ts';

/** @returns false when `signal` came before the run's end, or before enough of it */
export function followToEnd(
  feeds: Feeds,
  runId: string,
  projection: Projection,
  signal: AbortSignal,
  isEnough: () => boolean,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const frames: string[] = [];
    let errors = 0;
    projection.open(frames);
    const stop = feeds.follow(runId, {
      onEvents: (events) => {
        errors = 0;
        for (const event of events) projection.push(event, frames);
        frames.length = 0;
        if (!isEnough()) return;
        stop();
        resolve(true);
      },
      onEnd: (run) => {
        projection.close(run, frames);
        resolve(true);
      },
      onError: (error) => {
        errors += 1;
        if (errors < TOLERATED_FEED_ERRORS) return;
        stop();
        reject(error);
      },
    });
    const leave = (): void => {
      stop();
      resolve(false);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
