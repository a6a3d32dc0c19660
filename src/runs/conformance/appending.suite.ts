import assert from 'node:assert/strict';
import { type Ledger } from '../../ledger/ledger.ts';
import { compactRun } from '../compact.ts';
import { EventWriter } from '../event-writer.ts';
import { renewLeases } from '../run-claims.ts';
import { readEvents } from '../run-store.ts';
import {
  append,
  type ConformanceCheck,
  claim,
  LEASE_MS,
  submit,
  writeMixedLog,
} from './run-checks-harness.suite.ts';

/** Fencing, order and compaction of the log. */
export const appendingChecks: readonly ConformanceCheck[] = [
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
        await ledger.transaction((tx) =>
          renewLeases(tx, { owner: 'a', runIds: [old.id], leaseUntil: now + 9e6 }),
        ),
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
        continuity: 0,
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
        for (const run of runs) appends.push(writer.append(run, 'tick', { step }, true));
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
];
