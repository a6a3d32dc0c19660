import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../ledger/ledger.ts';
import type { Channel } from './channel.ts';
import { compactRun } from './compact.ts';
import { EventWriter } from './event-writer.ts';
import { RunInterruption } from './interruption.ts';
import { Janitor } from './janitor.ts';
import { isTerminal, type Run, type RunEvent, type RunHandler, type SubmitRun } from './run.ts';
import { RunFeeds } from './run-feed.ts';
import {
  type AppendRequest,
  appendEvents,
  claimRuns,
  getRun,
  readEvents,
  releaseOwner,
  renewLeases,
  requestCancel,
  submitRun,
} from './run-store.ts';
import { RunWorker } from './run-worker.ts';

/** A fresh ledger and channel for one check; disposed by whoever made it. */
export interface RunSystem extends AsyncDisposable {
  ledger: Ledger;
  channel: Channel;
}

export interface ConformanceCheck {
  /** What would be broken for a user. */
  name: string;
  run(system: RunSystem): Promise<void>;
}

const LEASE_MS = 2_000;

/** What every ledger engine and channel must give the kernel. A list, so that it can also be shown to fail. */
export const runConformance: readonly ConformanceCheck[] = [
  {
    name: 'a submitted run is there after its transaction, and not after a failed one',
    async run({ ledger }) {
      const { run } = await submit(ledger);
      assert.equal((await getRun(ledger.read, run.id))?.status, 'queued');
      const lost: string[] = [];
      await assert.rejects(
        ledger.transaction(async (tx) => {
          lost.push((await submitRun(tx, request(), Date.now())).run.id);
          throw new Error('after the insert');
        }),
        /after the insert/,
      );
      assert.equal(await getRun(ledger.read, lost[0] ?? ''), undefined);
    },
  },
  {
    name: 'a failing transaction takes no other down that shares its commit',
    async run({ ledger }) {
      const [first, broken, last] = await Promise.allSettled([
        submit(ledger),
        ledger.transaction(async (tx) => {
          await submitRun(tx, request(), Date.now());
          throw new Error('alone');
        }),
        submit(ledger),
      ]);
      assert.deepEqual([first.status, broken.status, last.status], ['fulfilled', 'rejected', 'fulfilled']);
      const rows = await ledger.read.all('SELECT id FROM run');
      assert.equal(rows.length, 2);
    },
  },
  {
    name: 'the same idempotency key gives the same run, also when asked twice at once',
    async run({ ledger }) {
      const answers = await Promise.all([1, 2, 3].map(() => submit(ledger, { idempotencyKey: 'key-1' })));
      assert.equal(new Set(answers.map((answer) => answer.run.id)).size, 1);
      assert.equal(answers.filter((answer) => answer.created).length, 1);
      const elsewhere = await submit(ledger, { idempotencyKey: 'key-1', workspaceId: 'ws_other' });
      assert.equal(elsewhere.created, true);
    },
  },
  {
    name: 'two claimants never get the same run',
    async run({ ledger }) {
      for (let count = 0; count < 20; count++) await submit(ledger);
      const claims = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => claim(ledger, owner, 8)));
      const ids = claims.flat().map((run) => run.id);
      assert.equal(ids.length, 20);
      assert.equal(new Set(ids).size, 20);
    },
  },
  {
    name: 'the more urgent run goes first, then the older one',
    async run({ ledger }) {
      const now = Date.now();
      const ids = [];
      for (const [offset, priority] of [0, 10, 0, 10].entries()) {
        ids.push((await submit(ledger, { priority }, now + offset)).run.id);
      }
      const order = [];
      for (let count = 0; count < 4; count++) order.push((await claim(ledger, 'a', 1, now + 100))[0]?.id);
      assert.deepEqual(order, [ids[1], ids[3], ids[0], ids[2]]);
    },
  },
  {
    name: 'runs of one subject go one after another, and a failed one does not block the next',
    async run({ ledger }) {
      const now = Date.now();
      const first = (await submit(ledger, { subjectId: 'conv' }, now)).run;
      const second = (await submit(ledger, { subjectId: 'conv' }, now + 1)).run;
      const other = (await submit(ledger, { subjectId: 'conv-2' }, now + 2)).run;
      const claimed = await claim(ledger, 'a', 10, now + 10);
      assert.deepEqual(new Set(claimed.map((run) => run.id)), new Set([first.id, other.id]));
      await append(ledger, claimed.find((run) => run.id === first.id) as Run, 'failed');
      assert.deepEqual(
        (await claim(ledger, 'a', 10, now + 20)).map((run) => run.id),
        [second.id],
      );
    },
  },
  {
    name: 'a living lease keeps others away, an expired one lets them in with the next epoch',
    async run({ ledger }) {
      const now = Date.now();
      await submit(ledger, {}, now);
      const [mine] = await claim(ledger, 'a', 1, now);
      assert.equal(mine?.epoch, 1);
      assert.equal((await claim(ledger, 'b', 1, now + LEASE_MS - 1)).length, 0);
      await ledger.transaction((tx) => renewLeases(tx, { owner: 'a', leaseUntil: now + 2 * LEASE_MS }));
      assert.equal((await claim(ledger, 'b', 1, now + LEASE_MS + 1)).length, 0);
      const [theirs] = await claim(ledger, 'b', 1, now + 2 * LEASE_MS);
      assert.deepEqual([theirs?.id, theirs?.epoch, theirs?.owner], [mine?.id, 2, 'b']);
    },
  },
  {
    name: 'a writer that was replaced can neither append nor finish nor renew',
    async run({ ledger }) {
      const now = Date.now();
      await submit(ledger, {}, now);
      const [old] = await claim(ledger, 'a', 1, now);
      assert.ok(old);
      const [current] = await claim(ledger, 'b', 1, now + LEASE_MS);
      assert.ok(current);
      assert.equal(await append(ledger, old), false);
      assert.equal(await append(ledger, old, 'completed'), false);
      assert.deepEqual(
        await ledger.transaction((tx) => renewLeases(tx, { owner: 'a', leaseUntil: now + 9e6 })),
        [],
      );
      assert.equal(await append(ledger, current), true);
      const events = await readEvents(ledger.read, current.id, 0, 10);
      assert.deepEqual(
        events.map((event) => event.epoch),
        [2],
      );
    },
  },
  {
    name: 'an append that would leave a gap or write a number twice is refused',
    async run({ ledger }) {
      await submit(ledger);
      const [run] = await claim(ledger, 'a', 1);
      assert.ok(run);
      assert.equal(await append(ledger, run), true);
      assert.equal(await append(ledger, run), false);
      assert.equal(await append(ledger, { ...run, lastSeq: 5 }), false);
      assert.equal(await append(ledger, { ...run, lastSeq: 1 }), true);
      assert.deepEqual(
        (await readEvents(ledger.read, run.id, 0, 10)).map((event) => event.seq),
        [1, 2],
      );
    },
  },
  {
    name: 'an append whose answer was lost counts as done when it is sent again',
    async run({ ledger }) {
      await submit(ledger);
      const [run] = await claim(ledger, 'a', 1);
      assert.ok(run);
      assert.equal(await append(ledger, run), true);
      assert.equal(await append(ledger, run, null, true), true);
      assert.equal((await readEvents(ledger.read, run.id, 0, 10)).length, 1);
    },
  },
  {
    name: 'a released owner loses its runs at once',
    async run({ ledger }) {
      await submit(ledger);
      const [run] = await claim(ledger, 'a', 1);
      assert.equal(await ledger.transaction((tx) => releaseOwner(tx, 'a')), 1);
      const [taken] = await claim(ledger, 'b', 1);
      assert.deepEqual([taken?.id, taken?.epoch], [run?.id, 2]);
    },
  },
  {
    name: 'a run that kills its workers is given up, one that makes progress is not',
    async run({ ledger, channel }) {
      using janitor = new Janitor({ ledger, channel, onError: rethrow });
      const poison = (await submit(ledger, { maxAttempts: 3 })).run;
      for (let attempt = 0; attempt < 3; attempt++) {
        assert.equal((await claim(ledger, `p${attempt}`, 1)).length, 1);
        await ledger.transaction((tx) => releaseOwner(tx, `p${attempt}`));
      }
      assert.equal((await claim(ledger, 'p', 1)).length, 0);
      await janitor.sweep(Date.now());
      const ended = await getRun(ledger.read, poison.id);
      assert.deepEqual([ended?.status, ended?.failure?.code], ['failed', 'attempts_exhausted']);
      await submit(ledger, { maxAttempts: 3 });
      for (let attempt = 0; attempt < 8; attempt++) {
        const [run] = await claim(ledger, `q${attempt}`, 1);
        assert.ok(run, `attempt ${attempt}`);
        assert.equal(await append(ledger, run), true);
        await ledger.transaction((tx) => releaseOwner(tx, `q${attempt}`));
      }
    },
  },
  {
    name: 'nothing stays running past its deadline, and its owner is fenced',
    async run({ ledger, channel }) {
      using janitor = new Janitor({ ledger, channel, onError: rethrow });
      const now = Date.now();
      const { run } = await submit(ledger, { timeoutMs: 100 }, now);
      const [claimed] = await claim(ledger, 'a', 1, now);
      assert.ok(claimed);
      await janitor.sweep(now + 10_000);
      const ended = await getRun(ledger.read, run.id);
      assert.deepEqual([ended?.status, ended?.failure?.code], ['failed', 'run_deadline']);
      assert.equal(await append(ledger, claimed), false);
      assert.equal((await readEvents(ledger.read, run.id, 0, 10)).at(-1)?.type, 'run.failed');
    },
  },
  {
    name: 'a queued run is cancelled at once, a running one is told, a finished one stays',
    async run({ ledger }) {
      const queued = (await submit(ledger)).run;
      const cancel = (id: string): Promise<Run | undefined> =>
        ledger.transaction((tx) => requestCancel(tx, id, Date.now()));
      assert.equal((await cancel(queued.id))?.status, 'cancelled');
      const running = (await submit(ledger)).run;
      const [claimed] = await claim(ledger, 'a', 1);
      assert.ok(claimed);
      await cancel(running.id);
      const leases = await ledger.transaction((tx) =>
        renewLeases(tx, { owner: 'a', leaseUntil: Date.now() + LEASE_MS }),
      );
      assert.deepEqual(
        leases.map((lease) => lease.cancelRequested),
        [true],
      );
      await append(ledger, claimed, 'completed');
      assert.equal((await cancel(running.id))?.status, 'completed');
    },
  },
  {
    name: 'reading from any number gives the same events before and after compaction',
    async run({ ledger }) {
      await submit(ledger);
      const [run] = await claim(ledger, 'a', 1);
      assert.ok(run);
      await writeMixedLog(ledger, run);
      const before = await readEvents(ledger.read, run.id, 0, 1_000);
      await ledger.transaction((tx) => compactRun(tx, run.id, Date.now()));
      const rows = await ledger.read.all('SELECT seq FROM event WHERE run_id = :id', { id: run.id });
      assert.ok(rows.length < before.length, 'fewer rows than events');
      for (let after = 0; after <= before.length; after++) {
        assert.deepEqual(await readEvents(ledger.read, run.id, after, 1_000), before.slice(after));
      }
    },
  },
  {
    name: 'appends of many runs share commits, and each run keeps its own order',
    async run({ ledger, channel }) {
      const runs = [];
      for (let count = 0; count < 30; count++) await submit(ledger);
      runs.push(...(await claim(ledger, 'a', 30)));
      let commits = 0;
      const counted: Ledger = {
        read: ledger.read,
        transaction: (work) => {
          commits++;
          return ledger.transaction(work);
        },
        checkIntegrity: () => ledger.checkIntegrity(),
        [Symbol.asyncDispose]: async () => {},
      };
      const writer = new EventWriter({ ledger: counted, channel, owner: 'a' });
      for (const run of runs) writer.open(run);
      const appends = [];
      for (let step = 0; step < 20; step++) {
        for (const run of runs) appends.push(writer.append(run.id, 'tick', { step }, true));
      }
      await Promise.all(appends);
      assert.ok(commits <= 5, `${commits} commits for ${appends.length} appends`);
      for (const run of runs) {
        const events = await readEvents(ledger.read, run.id, 0, 100);
        assert.deepEqual(
          events.map((event) => (event.payload as { step: number }).step),
          [...Array(20).keys()],
        );
      }
    },
  },
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
      await ledger.transaction((tx) => releaseOwner(tx, 'a'));
      const [taken] = await claim(ledger, 'b', 1);
      assert.equal(taken?.id, run.id);
      assert.ok((await outcome.promise) instanceof RunInterruption);
      assert.deepEqual(await readEvents(ledger.read, run.id, 0, 10), []);
    },
  },
];

const nothing = { publish: () => {}, publishToOne: () => {}, [Symbol.asyncDispose]: async () => {} };

function request(overrides: Partial<SubmitRun> = {}): SubmitRun {
  return { kind: 'work', workspaceId: 'ws_test', input: { question: '为什么？' }, ...overrides };
}

function submit(ledger: Ledger, overrides: Partial<SubmitRun> = {}, now = Date.now()) {
  return ledger.transaction((tx) => submitRun(tx, request(overrides), now));
}

function claim(ledger: Ledger, owner: string, limit: number, now = Date.now()): Promise<Run[]> {
  return ledger.transaction((tx) =>
    claimRuns(tx, { owner, kind: 'work', limit, now, leaseUntil: now + LEASE_MS }),
  );
}

/** Appends one event after `run.lastSeq`, and the end where a status is given. */
function append(
  ledger: Ledger,
  run: Run,
  status: 'completed' | 'failed' | null = null,
  isRetry = false,
): Promise<boolean> {
  const event = { type: status === null ? 'tick' : `run.${status}`, payloadJson: '{}' };
  const finish = status === null ? null : { status, resultJson: null, failure: null };
  return appendAll(ledger, run, { firstSeq: run.lastSeq + 1, events: [event], finish, isRetry });
}

async function appendAll(
  ledger: Ledger,
  run: Run,
  request: Pick<AppendRequest, 'firstSeq' | 'events' | 'finish' | 'isRetry'>,
): Promise<boolean> {
  const complete = { runId: run.id, epoch: run.epoch, firstProgress: true, ...request };
  const [appended] = await ledger.transaction((tx) =>
    appendEvents(tx, run.owner ?? '', [complete], Date.now()),
  );
  return appended === true;
}

/** Deltas, other events between them, deltas that only look alike, and the end. */
async function writeMixedLog(ledger: Ledger, run: Run): Promise<void> {
  const payloads: [string, unknown][] = [
    ['answer.delta', { text: '年假' }],
    ['answer.delta', { text: '五天' }],
    ['answer.delta', { text: '' }],
    ['answer.searched', { passages: [] }],
    ['answer.delta', { text: '，满十年' }],
    ['answer.reasoning', { text: 'a' }],
    ['answer.reasoning', { text: 'b' }],
    ['answer.delta', { text: 'x', extra: true }],
    ['answer.delta', { text: '"引号"\n' }],
    ['answer.delta', { text: '十天' }],
  ];
  for (const [offset, [type, payload]] of payloads.entries()) {
    const events = [{ type, payloadJson: JSON.stringify(payload) }];
    await appendAll(ledger, run, { firstSeq: offset + 1, events, finish: null, isRetry: false });
  }
  await append(ledger, { ...run, lastSeq: payloads.length }, 'completed');
}

function collect(feeds: RunFeeds, runId: string, afterSeq: number): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  return new Promise((resolve, reject) => {
    feeds.follow(
      runId,
      { onEvents: (batch) => events.push(...batch), onEnd: () => resolve(events), onError: reject },
      afterSeq,
    );
  });
}

async function untilEnded(ledger: Ledger, runId: string): Promise<Run> {
  await until(async () => {
    const run = await getRun(ledger.read, runId);
    return run !== undefined && isTerminal(run.status);
  });
  return (await getRun(ledger.read, runId)) as Run;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never true: ${condition}`);
    await sleep(5);
  }
}

function rethrow(error: unknown): void {
  throw error;
}
