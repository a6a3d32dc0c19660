import type { RunAnnouncer } from '../dependencies.ts';

/** One hint wakes a worker, which then takes all that it can; a few wake them all. */
const MAX_HINTS = 8;

/** After the commit. */
export function announceRuns(announcer: RunAnnouncer, submitted: readonly { kind: string }[]): void {
  for (const run of submitted.slice(0, MAX_HINTS)) announcer.announce(run);
}
