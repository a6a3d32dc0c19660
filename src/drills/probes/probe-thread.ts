// The thread of the probes: whatever keeps the driver busy, they are sent and answered in time.

import { parentPort, workerData } from 'node:worker_threads';
import { createDrillClock } from '../log/clock.ts';
import type { FromProbes, ProbeJob, ToProbes } from './probe-messages.ts';
import { Prober } from './prober.ts';

/** A driver that dies loses no more of what was acknowledged than this. */
const TELL_EVERY_MS = 20;

const job = workerData as ProbeJob;
const clock = createDrillClock(job.originNs);
const tell = (message: FromProbes): void => parentPort?.postMessage(message);
let pending: Extract<FromProbes, { type: 'events' }>['events'] = [];
const flush = (): void => {
  if (pending.length > 0) tell({ type: 'events', events: pending });
  pending = [];
};
const timer = setInterval(flush, TELL_EVERY_MS);

const prober = new Prober(job, clock, (event, atMs = clock.nowMs()) => void pending.push({ event, atMs }));
parentPort?.on('message', (message: ToProbes) => {
  if (message.type === 'retarget') prober.retarget(message.settings);
  else
    void prober.stop().finally(() => {
      clearInterval(timer);
      flush();
      tell({ type: 'stopped' });
      parentPort?.close();
    });
});
prober.start();
