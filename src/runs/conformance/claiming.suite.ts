import assert from 'node:assert/strict';
import { Janitor } from '../janitor.ts';
import { type Run } from '../run.ts';
import { claimRun, releaseOwner, renewLeases } from '../run-claims.ts';
import { getRun, readEvents, requestCancel, submitRun } from '../run-store.ts';
import {
  append,
  type ConformanceCheck,
  claim,
  LEASE_MS,
  request,
  rethrow,
  submit,
} from './run-checks-harness.suite.ts';

/** Submitting, claiming, giving up and cancelling. */
export const claimingChecks: readonly ConformanceCheck[] = [
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
      const ids: string[] = [];
      // Again and again: the first time their connections open one after another.
      for (let round = 1; round <= 5; round++) {
        for (let count = 0; count < 20; count++) await submit(ledger);
        const claims = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => claim(ledger, owner, 8)));
        ids.push(...claims.flat().map((run) => run.id));
        assert.deepEqual([ids.length, new Set(ids).size], [20 * round, 20 * round]);
      }
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
      assert.ok(mine);
      await ledger.transaction((tx) =>
        renewLeases(tx, { owner: 'a', runIds: [mine.id], leaseUntil: now + 2 * LEASE_MS }),
      );
      assert.equal((await claim(ledger, 'b', 1, now + LEASE_MS + 1)).length, 0);
      const [theirs] = await claim(ledger, 'b', 1, now + 2 * LEASE_MS);
      assert.deepEqual([theirs?.id, theirs?.epoch, theirs?.owner], [mine?.id, 2, 'b']);
    },
  },
  {
    name: 'a released owner loses its runs at once',
    async run({ ledger }) {
      await submit(ledger);
      const [run] = await claim(ledger, 'a', 1);
      assert.equal(await ledger.transaction((tx) => releaseOwner(tx, 'a', 'died')), 1);
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
        await ledger.transaction((tx) => releaseOwner(tx, `p${attempt}`, 'died'));
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
        await ledger.transaction((tx) => releaseOwner(tx, `q${attempt}`, 'died'));
      }
    },
  },
  {
    name: 'a new run that was hinted at is claimed once, and not before its subject allows',
    async run({ ledger }) {
      const now = Date.now();
      const claimOne = (owner: string, runId: string): Promise<Run | null> =>
        ledger.transaction((tx) => claimRun(tx, { owner, runId, now: now + 2, leaseUntil: now + LEASE_MS }));
      const first = (await submit(ledger, { subjectId: 'conversation' }, now)).run;
      const second = (await submit(ledger, { subjectId: 'conversation' }, now + 1)).run;
      assert.equal(await claimOne('a', second.id), null);
      const claimed = await claimOne('a', first.id);
      assert.deepEqual([claimed?.owner, claimed?.epoch, claimed?.status], ['a', 1, 'running']);
      assert.equal(await claimOne('b', first.id), null);
      assert.equal(await claimOne('b', second.id), null);
      assert.ok(claimed);
      assert.equal(await append(ledger, claimed, 'completed'), true);
      assert.equal((await claimOne('b', second.id))?.id, second.id);
    },
  },
  {
    name: 'a process that leaves on purpose does not count against its runs',
    async run({ ledger }) {
      await submit(ledger, { maxAttempts: 2 });
      for (let restart = 0; restart < 5; restart++) {
        assert.equal((await claim(ledger, `r${restart}`, 1)).length, 1, `restart ${restart}`);
        await ledger.transaction((tx) => releaseOwner(tx, `r${restart}`, 'leaving'));
      }
    },
  },
  {
    name: 'a clock that is set back does not leave runs to a dead owner',
    async run({ ledger }) {
      const now = Date.now();
      await submit(ledger, { timeoutMs: 7_200_000 }, now - 3_600_000);
      const [held] = await claim(ledger, 'a', 1, now);
      const [taken] = await claim(ledger, 'b', 1, now - 3_500_000);
      assert.deepEqual([taken?.id, taken?.epoch], [held?.id, 2]);
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
        renewLeases(tx, { owner: 'a', runIds: [running.id], leaseUntil: Date.now() + LEASE_MS }),
      );
      assert.deepEqual(
        leases.map((lease) => lease.cancelRequested),
        [true],
      );
      await append(ledger, claimed, 'completed');
      assert.equal((await cancel(running.id))?.status, 'completed');
    },
  },
];
