import assert from 'node:assert/strict';
import type { Ledger } from '../../ledger/ledger.ts';
import { compactRun } from '../compact.ts';
import { spreadBatches, staleBatchOwners } from '../event-batches.ts';
import { Janitor } from '../janitor.ts';
import type { Run } from '../run.ts';
import { type AppendOutcome, appendEvents } from '../run-appends.ts';
import { endRun, getRun, readEvents, runPositions } from '../run-store.ts';
import {
  append,
  type ConformanceCheck,
  claim,
  LEASE_MS,
  rethrow,
  submit,
} from './run-checks-harness.suite.ts';

const RUNS = 12;

/** Several runs of one owner that have begun to flow. */
async function flowing(ledger: Ledger, now = Date.now()): Promise<Run[]> {
  for (let count = 0; count < RUNS; count++) await submit(ledger, {}, now + count);
  const runs = await claim(ledger, 'a', RUNS, now + RUNS);
  assert.equal(runs.length, RUNS);
  for (const run of runs) assert.equal(await append(ledger, run), true);
  return runs.map((run) => ({ ...run, lastSeq: 1 }));
}

/** One delta for each run in one commit, after `run.lastSeq`. */
function appendDeltas(ledger: Ledger, runs: readonly Run[], number: number): Promise<AppendOutcome> {
  const requests = runs.map((run, index) => ({
    runId: run.id,
    epoch: run.epoch,
    firstSeq: run.lastSeq + number,
    events: [
      { type: 'answer.delta', payloadJson: JSON.stringify({ text: `${index}的${number}` }), isDelta: true },
    ],
    firstProgress: false,
    finish: null,
    fence: run.fence,
    isRetry: false,
  }));
  return ledger.transaction((tx) => appendEvents(tx, 'a', requests, Date.now(), { number, spread: false }));
}

async function sharedRows(ledger: Ledger): Promise<number> {
  return (await ledger.read.all('SELECT number FROM event_batch')).length;
}

/** Deltas of many runs in one row, and what happens to them. */
export const sharingChecks: readonly ConformanceCheck[] = [
  {
    name: 'events that share a row read the same before and after they are spread and compacted',
    async run({ ledger }) {
      const runs = await flowing(ledger);
      for (let number = 1; number <= 5; number++) {
        const outcome = await appendDeltas(ledger, runs, number);
        assert.ok(outcome.shared && outcome.appended.every((one) => one));
      }
      assert.equal(await sharedRows(ledger), 5);
      const run = runs[3] as Run;
      const before = await readEvents(ledger.read, run.id, 0, 100);
      assert.deepEqual(
        before.slice(1).map((event) => (event.payload as { text: string }).text),
        [1, 2, 3, 4, 5].map((number) => `3的${number}`),
      );
      assert.equal((await getRun(ledger.read, run.id))?.lastSeq, 6);
      assert.equal((await runPositions(ledger.read, [run.id]))[0]?.lastSeq, 6);
      await ledger.transaction((tx) => spreadBatches(tx, 'a'));
      assert.equal(await sharedRows(ledger), 0);
      assert.deepEqual(await readEvents(ledger.read, run.id, 0, 100), before);
      assert.equal((await runPositions(ledger.read, [run.id]))[0]?.lastSeq, 6);
      await appendDeltas(ledger, runs, 6);
      await ledger.transaction((tx) => spreadBatches(tx, 'a'));
      const all = await readEvents(ledger.read, run.id, 0, 100);
      await ledger.transaction((tx) => compactRun(tx, run.id, Date.now()));
      for (let after = 0; after <= all.length; after++)
        assert.deepEqual(await readEvents(ledger.read, run.id, after, 100), all.slice(after));
      const rows = await ledger.read.all('SELECT seq FROM event WHERE run_id = :id', { id: run.id });
      assert.equal(rows.length, 2);
    },
  },
  {
    name: 'a successor finds what was shared before its predecessor died, and goes on after it',
    async run({ ledger }) {
      const now = Date.now();
      const runs = await flowing(ledger, now);
      await appendDeltas(ledger, runs, 1);
      const before = await Promise.all(runs.map((run) => readEvents(ledger.read, run.id, 0, 100)));
      const taken = await claim(ledger, 'b', RUNS, now + RUNS + LEASE_MS);
      assert.equal(taken.length, RUNS);
      for (const run of taken) {
        assert.equal(run.lastSeq, 2);
        const index = runs.findIndex((one) => one.id === run.id);
        assert.deepEqual(await readEvents(ledger.read, run.id, 0, 100), before[index]);
        assert.equal(await append(ledger, run), true);
      }
      assert.deepEqual((await appendDeltas(ledger, runs, 2)).appended, Array(RUNS).fill(false));
    },
  },
  {
    name: 'an owner from which one run was taken looks again, and goes on with the others',
    async run({ ledger }) {
      const runs = await flowing(ledger);
      await appendDeltas(ledger, runs, 1);
      const lost = (await getRun(ledger.read, runs[5]?.id ?? '')) as Run;
      assert.equal(await ledger.transaction((tx) => endRun(tx, lost, 'cancelled', null, Date.now())), true);
      const outcome = await appendDeltas(ledger, runs, 2);
      assert.deepEqual(
        outcome.appended,
        runs.map((run) => run.id !== lost.id),
      );
      const events = await readEvents(ledger.read, lost.id, 0, 100);
      assert.deepEqual(
        events.map((event) => event.type),
        ['tick', 'answer.delta', 'run.cancelled'],
      );
    },
  },
  {
    name: 'a commit whose answer was lost is not shared twice',
    async run({ ledger }) {
      const runs = await flowing(ledger);
      await appendDeltas(ledger, runs, 1);
      const before = await readEvents(ledger.read, runs[0]?.id ?? '', 0, 100);
      const again = runs.map((run) => ({
        runId: run.id,
        epoch: run.epoch,
        firstSeq: 2,
        events: [{ type: 'answer.delta', payloadJson: '{"text":"again"}', isDelta: true }],
        firstProgress: false,
        finish: null,
        fence: run.fence,
        isRetry: true,
      }));
      const outcome = await ledger.transaction((tx) =>
        appendEvents(tx, 'a', again, Date.now(), { number: 2, spread: false }),
      );
      assert.ok(outcome.appended.every((one) => one));
      assert.equal(await sharedRows(ledger), 1);
      assert.deepEqual(await readEvents(ledger.read, runs[0]?.id ?? '', 0, 100), before);
    },
  },
  {
    name: 'what a silent owner shared moves into the logs by itself',
    async run({ ledger, channel }) {
      using janitor = new Janitor({ ledger, channel, onError: rethrow });
      const runs = await flowing(ledger);
      await appendDeltas(ledger, runs, 1);
      const before = await readEvents(ledger.read, runs[0]?.id ?? '', 0, 100);
      assert.equal((await staleBatchOwners(ledger.read, Date.now() + 1)).length, 1);
      await janitor.tidy(Date.now() + 60_000);
      assert.equal(await sharedRows(ledger), 0);
      assert.deepEqual(await readEvents(ledger.read, runs[0]?.id ?? '', 0, 100), before);
    },
  },
];
