import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Ledger } from '../../ledger/ledger.ts';
import { type Channel, RUNS_AVAILABLE } from '../channel.ts';
import { RunInterruption } from '../interruption.ts';
import type { RunContext, RunHandler } from '../run.ts';
import { RunFeeds } from '../run-feed.ts';
import { readEvents } from '../run-store.ts';
import { RunWorker } from '../run-worker.ts';
import {
  type ConformanceCheck,
  nothing,
  rethrow,
  submit,
  until,
  untilEnded,
} from './run-checks-harness.suite.ts';

/** A worker or a watcher that was away for a while. */
export const recoveringChecks: readonly ConformanceCheck[] = [
  {
    name: 'a worker that was frozen past its lease and takes its own run over writes nothing under the old claim',
    async run({ ledger, channel }) {
      const claims: RunContext[] = [];
      const lateWrites: unknown[] = [];
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 2,
        async handle(context) {
          claims.push(context);
          if (context.run.epoch > 1) {
            await until(async () => lateWrites.length > 0);
            await context.emit('text', { epoch: 2 });
            return { status: 'completed' };
          }
          await until(async () => claims.length > 1);
          await context.emit('text', { epoch: 1 }).catch((error: unknown) => lateWrites.push(error));
          lateWrites.push('tried');
          return { status: 'completed' };
        },
      };
      await using _worker = new RunWorker({ ledger, channel, owner: 'a', handlers: [handler as never] });
      const { run } = await submit(ledger);
      await until(async () => claims.length === 1);
      // Again where the heartbeat was faster than the claim.
      await until(async () => {
        await expireLease(ledger, run.id);
        channel.publish(RUNS_AVAILABLE, '');
        return claims.length > 1;
      });
      const ended = await untilEnded(ledger, run.id);
      const events = await readEvents(ledger.read, run.id, 0, 10);
      assert.deepEqual(
        events.map((event) => [event.type, event.payload]),
        [
          ['text', { epoch: 2 }],
          ['run.completed', {}],
        ],
      );
      assert.deepEqual([ended.epoch, claims[0]?.signal.aborted], [2, true]);
    },
  },
  {
    name: 'a run whose handler has left without ending it is taken over, also while its worker is busy with others',
    async run({ ledger, channel }) {
      const release = new AbortController();
      const handler: RunHandler<{ stays?: boolean }> = {
        kind: 'work',
        concurrency: 2,
        async handle(context) {
          if (context.input.stays === true) await once(release.signal, 'abort');
          else if (context.run.epoch === 1) throw new RunInterruption('lease_lost');
          return { status: 'completed' };
        },
      };
      await using _worker = new RunWorker({ ledger, channel, owner: 'a', handlers: [handler as never] });
      const busy = await submit(ledger, { input: { stays: true } });
      const left = await submit(ledger, { input: {} });
      assert.deepEqual((await untilEnded(ledger, left.run.id)).epoch, 2);
      release.abort();
      await untilEnded(ledger, busy.run.id);
    },
  },
  {
    name: 'a watcher sees text while it is being written, also when the live channel is dead',
    async run({ ledger, channel }) {
      const seen: number[] = [];
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 1,
        async handle(context) {
          await until(async () => follows);
          for (const seq of [1, 2]) {
            await context.emit('tick', {});
            await until(async () => seen.includes(seq));
          }
          return { status: 'completed' };
        },
      };
      let follows = false;
      const silent: Channel = { ...nothing, subscribe: () => () => {} };
      await using _worker = new RunWorker({ ledger, channel, owner: 'a', handlers: [handler as never] });
      using feeds = new RunFeeds({ ledger, channel: silent });
      const { run } = await submit(ledger);
      feeds.follow(run.id, {
        onEvents: (events) => seen.push(...events.map((event) => event.seq)),
        onEnd: () => {},
        onError: rethrow,
      });
      follows = true;
      assert.equal((await untilEnded(ledger, run.id)).status, 'completed');
    },
  },
];

/** What a frozen process, a locked ledger or a jump of the clock does to the lease of a first claim. */
async function expireLease(ledger: Ledger, runId: string): Promise<void> {
  await ledger.transaction((tx) =>
    tx.run('UPDATE run SET lease_until = 0 WHERE id = :runId AND epoch = 1', { runId }),
  );
}
