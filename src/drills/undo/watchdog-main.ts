/**
 * A process of its own, in a group and session of its own. Its input is a pipe from the drill: when that ends, however
 * the drill ended, or stays silent for too long, everything that the journal still holds is undone.
 */

import { clearAway } from './clear-away.ts';
import { statOf } from './processes.ts';

const SILENCE_CHECK_MS = 500;

const [drillFolder = '', silenceMs = '0', drillPid = '0'] = process.argv.slice(2);
const drill = statOf(Number(drillPid));
let heardMs = performance.now();
let isOver = false;

process.stdin.on('data', () => (heardMs = performance.now()));
process.stdin.once('end', () => void finish());
process.stdin.once('error', () => void finish());
process.stdin.resume();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});

/** One that is frozen would go on later, in a laboratory that is no longer there. */
const watch = setInterval(() => {
  if (performance.now() - heardMs < Number(silenceMs)) return;
  if (drill !== null && statOf(drill.pid)?.startedTicks === drill.startedTicks)
    process.kill(drill.pid, 'SIGKILL');
  void finish();
}, SILENCE_CHECK_MS);

async function finish(): Promise<void> {
  if (isOver) return;
  isOver = true;
  clearInterval(watch);
  const left = await clearAway(drillFolder);
  process.exitCode = left.some(({ problem }) => problem !== null) ? 1 : 0;
  process.stdin.destroy();
}
