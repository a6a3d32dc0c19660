import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceClient } from './client.ts';
import { readEvents } from './event-stream.ts';
import { isBroken } from './follow-answer.ts';
import { isFinished, type RunEventObject, type RunObject } from './run-object.ts';

const RECONNECT_MS = 200;
/** For a service that was there; one that was never reached is not waited for. */
const GIVE_UP_MS = 60_000;

/** Every event of a run's log once, in order, through breaks of the connection. @returns the finished run */
export async function followRun(
  client: ServiceClient,
  id: string,
  onEvent: (event: RunEventObject) => void,
  signal: AbortSignal,
): Promise<RunObject> {
  const path = `/ops/runs/${encodeURIComponent(id)}`;
  let last = 0;
  let heardMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      const response = await client.open('GET', `${path}/events?after=${last}`, { signal });
      heardMs = performance.now();
      for await (const event of readEvents<RunEventObject>(response.body)) {
        heardMs = performance.now();
        if (event.seq <= last) continue;
        last = event.seq;
        onEvent(event);
      }
      const run = await client.json<RunObject>('GET', path, undefined, { signal });
      if (isFinished(run) && run.last_seq <= last) return run;
    } catch (error) {
      if (signal.aborted || !isBroken(error) || performance.now() - heardMs > GIVE_UP_MS) throw error;
    }
    await sleep(RECONNECT_MS, undefined, { signal });
  }
}
