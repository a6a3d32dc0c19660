import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { Channel } from '../../src/runs/channel.ts';
import { EventWriter } from '../../src/runs/event-writer.ts';
import { claimRuns } from '../../src/runs/run-claims.ts';
import { RunFeeds } from '../../src/runs/run-feed.ts';
import { submitRun } from '../../src/runs/run-store.ts';

const EVENTS = 60;
/** Longer than it takes to leave a silent server and to come back. */
const DURATION_MS = 2_500;

/**
 * Writes a run's events in one process and follows them in another, while something happens to the channel. Every event
 * has to come, once and in order.
 */
export async function followThrough(
  ledger: Ledger,
  processes: { writing: Channel; following: Channel },
  disturb: () => Promise<void>,
): Promise<void> {
  const run = await claimOne(ledger);
  using feeds = new RunFeeds({ ledger, channel: processes.following });
  const seen: number[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    feeds.follow(run.id, {
      onEvents: (events) => seen.push(...events.map((event) => event.seq)),
      onEnd: () => resolve(),
      onError: reject,
    });
  });
  const writer = new EventWriter({ ledger, channel: processes.writing, owner: 'worker' });
  writer.open(run);
  const disturbed = disturb();
  for (let count = 0; count < EVENTS; count++) {
    await writer.append(run, 'tick', { count }, true);
    await sleep(DURATION_MS / EVENTS);
  }
  await disturbed;
  await writer.finish(run, { status: 'completed', result: null, failure: null });
  await ended;
  assert.deepEqual(
    seen,
    [...Array(EVENTS + 1).keys()].map((index) => index + 1),
  );
}

async function claimOne(ledger: Ledger) {
  const now = Date.now();
  return ledger.transaction(async (tx) => {
    await submitRun(tx, { kind: 'work', workspaceId: 'ws_test', input: {} }, now);
    const claim = { owner: 'worker', kind: 'work', limit: 1, now, leaseUntil: now + 60_000 };
    const [run] = await claimRuns(tx, claim);
    assert.ok(run);
    return run;
  });
}
