import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ledgerTime } from '../../ledger/clock.ts';
import { type Channel } from '../channel.ts';
import { RunInterruption } from '../interruption.ts';
import { type RunHandler } from '../run.ts';
import { releaseOwner } from '../run-claims.ts';
import { RunDeferral, wakeDeferred } from '../run-deferral.ts';
import { RunFeeds } from '../run-feed.ts';
import { getRun, readEvents, requestCancel } from '../run-store.ts';
import { RunWorker } from '../run-worker.ts';
import {
  type ConformanceCheck,
  claim,
  collect,
  nothing,
  submit,
  until,
  untilEnded,
} from './run-checks-harness.suite.ts';

/** Workers and watchers together. */
export const workingChecks: readonly ConformanceCheck[] = [
  {
    name: 'a takeover reads finished steps back and goes on after what was emitted',
    async run({ ledger, channel }) {
      const calls: string[] = [];
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 1,
        async handle(context) {
          const value = await context.step('expensive', async () => {
            calls.push('expensive');
            return 7;
          });
          await context.emit('seen', { value, epoch: context.run.epoch });
          if (context.run.epoch === 1)
            await new Promise((_, reject) => context.signal.addEventListener('abort', reject));
          return { status: 'completed', result: { value, seen: context.history.length } };
        },
      };
      const { run } = await submit(ledger);
      {
        await using first = new RunWorker({ ledger, channel, owner: 'a', handlers: [handler as never] });
        await until(async () => (await getRun(ledger.read, run.id))?.lastSeq === 2);
        assert.deepEqual(first.heldRunIds, [run.id]);
      }
      await using _second = new RunWorker({ ledger, channel, owner: 'b', handlers: [handler as never] });
      const ended = await untilEnded(ledger, run.id);
      assert.deepEqual([ended.status, ended.epoch, ended.result], ['completed', 2, { value: 7, seen: 2 }]);
      assert.deepEqual(calls, ['expensive']);
    },
  },
  {
    name: 'a watcher sees every event once and in order, from any number, also when the live channel is dead',
    async run({ ledger, channel }) {
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 1,
        async handle(context) {
          for (let step = 0; step < 40; step++) {
            await context.emit('tick', { step });
            if (step % 10 === 0) await sleep(5);
          }
          return { status: 'completed' };
        },
      };
      const silent: Channel = { ...nothing, subscribe: () => () => {} };
      await using _worker = new RunWorker({ ledger, channel, owner: 'a', handlers: [handler as never] });
      using feeds = new RunFeeds({ ledger, channel });
      using deaf = new RunFeeds({ ledger, channel: silent });
      const { run } = await submit(ledger);
      const [live, polled, late] = await Promise.all([
        collect(feeds, run.id, 0),
        collect(deaf, run.id, 0),
        collect(feeds, run.id, 17),
      ]);
      const numbers = live.map((event) => event.seq);
      assert.deepEqual(
        numbers,
        [...Array(41).keys()].map((index) => index + 1),
      );
      assert.deepEqual(
        polled.map((event) => event.seq),
        numbers,
      );
      assert.deepEqual(
        late.map((event) => event.seq),
        numbers.slice(17),
      );
      assert.equal(live.at(-1)?.type, 'run.completed');
    },
  },
  {
    name: 'cancelling stops the handler, and the run ends as cancelled',
    async run({ ledger, channel }) {
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 1,
        async handle(context) {
          await new Promise((_, reject) =>
            context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
          );
          return { status: 'completed' };
        },
      };
      await using worker = new RunWorker({ ledger, channel, owner: 'a', handlers: [handler as never] });
      const { run } = await submit(ledger);
      await until(async () => worker.heldRunIds.includes(run.id));
      await ledger.transaction((tx) => requestCancel(tx, run.id, Date.now()));
      assert.equal((await untilEnded(ledger, run.id)).status, 'cancelled');
    },
  },
  {
    name: 'a handler that does not listen loses its place, and its run ends',
    async run({ ledger, channel }) {
      const handler: RunHandler = { kind: 'work', concurrency: 1, handle: () => new Promise(() => {}) };
      const handlers = [handler as never];
      await using worker = new RunWorker({ ledger, channel, owner: 'a', handlers, abandonMs: 50 });
      const { run } = await submit(ledger);
      const next = (await submit(ledger)).run;
      await until(async () => worker.heldRunIds.includes(run.id));
      await ledger.transaction((tx) => requestCancel(tx, run.id, Date.now()));
      assert.equal((await untilEnded(ledger, run.id)).status, 'cancelled');
      await until(async () => worker.heldRunIds.includes(next.id));
    },
  },
  {
    name: 'what cannot be written down fails its run, with the reason in the log',
    async run({ ledger, channel }) {
      const errors: unknown[] = [];
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 1,
        async handle(context) {
          await context.emit('odd', { count: 1n });
          return { status: 'completed' };
        },
      };
      const observer = { onError: (_: unknown, error: unknown) => errors.push(error) };
      const handlers = [handler as never];
      await using _worker = new RunWorker({ ledger, channel, owner: 'a', handlers, observer });
      const { run } = await submit(ledger);
      assert.equal((await untilEnded(ledger, run.id)).status, 'failed');
      assert.match(String(errors[0]), /BigInt/);
    },
  },
  {
    name: 'a handler whose lease was taken away is interrupted and writes nothing more',
    async run({ ledger, channel }) {
      const outcome = Promise.withResolvers<unknown>();
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 1,
        async handle(context) {
          await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
          await context.emit('late', {}).then(
            () => outcome.resolve('written'),
            (error: unknown) => outcome.resolve(error),
          );
          return { status: 'completed' };
        },
      };
      await using worker = new RunWorker({ ledger, channel, owner: 'a', handlers: [handler as never] });
      const { run } = await submit(ledger);
      await until(async () => worker.heldRunIds.includes(run.id));
      await ledger.transaction((tx) => releaseOwner(tx, 'a', 'died'));
      const [taken] = await claim(ledger, 'b', 1);
      assert.equal(taken?.id, run.id);
      assert.ok((await outcome.promise) instanceof RunInterruption);
      assert.deepEqual(await readEvents(ledger.read, run.id, 0, 10), []);
    },
  },
  {
    name: 'a run that is put off keeps its attempts, says why, gets its longer time, and is woken one after another',
    async run({ ledger, channel }) {
      let isAway = true;
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 5,
        async handle() {
          if (isAway) throw new RunDeferral('model_failed', 'Nobody answers.', { timeoutMs: 3_600_000 });
          return { status: 'completed' };
        },
      };
      const runs = [];
      for (let index = 0; index < 3; index++) runs.push((await submit(ledger, { maxAttempts: 1 })).run);
      const isPutOff = async (id: string): Promise<boolean> =>
        (await getRun(ledger.read, id))?.deferral != null;
      await using _worker = new RunWorker({ ledger, channel, owner: 'a', handlers: [handler as never] });
      for (const { id } of runs) await until(() => isPutOff(id));
      const [first] = runs;
      const kept = await getRun(ledger.read, first?.id ?? '');
      assert.deepEqual([kept?.status, kept?.attempts, kept?.deferral?.code], ['queued', 0, 'model_failed']);
      assert.equal(kept?.deadlineAt, (kept?.createdAt ?? 0) + 3_600_000);
      assert.ok((kept?.availableAt ?? 0) > ledgerTime() + 500);
      isAway = false;
      const now = ledgerTime();
      assert.equal(await ledger.transaction((tx) => wakeDeferred(tx, { kind: 'work', now })), 3);
      assert.equal(await ledger.transaction((tx) => wakeDeferred(tx, { kind: 'other', now })), 0);
      for (const { id } of runs) assert.equal((await untilEnded(ledger, id)).status, 'completed');
      const places = await ledger.read.all<{ place: number }>(
        `SELECT available_at - :now AS place FROM run ORDER BY created_at, id`,
        { now },
      );
      assert.deepEqual(
        places.map(({ place }) => Number(place)).sort((left, right) => left - right),
        [0, 50, 100],
      );
    },
  },
];
