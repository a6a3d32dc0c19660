import assert from 'node:assert/strict';
import { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EventWriter } from '../event-writer.ts';
import type { Run, RunHandler } from '../run.ts';
import { appendEvents } from '../run-appends.ts';
import { postponeRun, releaseOwner } from '../run-claims.ts';
import { deferRun, RunDeferral } from '../run-deferral.ts';
import { getRun, readEvents, requestCancel } from '../run-store.ts';
import { RunWorker } from '../run-worker.ts';
import { type ConformanceCheck, claim, submit, untilEnded } from './run-checks-harness.suite.ts';

/** What a writer still has to say when its run has left it. */
export const leavingChecks: readonly ConformanceCheck[] = [
  {
    name: 'a released owner whose append was acknowledged late has no say in the run any more',
    async run({ ledger }) {
      const run = await held(ledger);
      assert.equal(await appendTick(ledger, run, 1), true);
      await ledger.transaction((tx) => releaseOwner(tx, 'a', 'died'));
      assert.equal(await appendTick(ledger, run, 1, true), false);
      assert.equal(await appendTick(ledger, run, 2), false);
      assert.equal((await readEvents(ledger.read, run.id, 0, 10)).length, 1);
    },
  },
  {
    name: 'an append that comes after its run was put back is refused, also by its old fence',
    async run({ ledger }) {
      const postponed = await held(ledger);
      const claimed = { runId: postponed.id, owner: 'a', epoch: postponed.epoch };
      assert.equal(await ledger.transaction((tx) => postponeRun(tx, claimed, Date.now() + 9e6)), true);
      assert.equal(await appendTick(ledger, postponed, 1), false);
      const deferred = await held(ledger);
      const why = { code: 'model_failed', message: 'Nobody answers.', timeoutMs: 9e6 };
      assert.equal(await ledger.transaction((tx) => deferRun(tx, deferred, why, Date.now())), true);
      assert.equal(await appendTick(ledger, deferred, 1), false);
      for (const { id } of [postponed, deferred])
        assert.deepEqual(await readEvents(ledger.read, id, 0, 10), []);
    },
  },
  {
    name: 'nothing stands in a log after its end, though the handler goes on writing',
    async run({ ledger, channel }) {
      const run = await held(ledger);
      const writer = new EventWriter({ ledger, channel, owner: 'a' });
      writer.open(run);
      writer.appendText(run, 'answer.delta', 'before');
      const ended = writer.finish(run, { status: 'cancelled', result: null, failure: null });
      writer.appendText(run, 'answer.delta', 'after');
      await assert.rejects(writer.append(run, 'tick', {}, true));
      await ended;
      await assert.rejects(writer.append(run, 'tick', {}, true));
      const events = await readEvents(ledger.read, run.id, 0, 10);
      assert.deepEqual(
        events.map((event) => [event.type, event.payload]),
        [
          ['answer.delta', { text: 'before' }],
          ['run.cancelled', {}],
        ],
      );
      assert.equal((await getRun(ledger.read, run.id))?.lastSeq, 2);
    },
  },
  {
    name: 'a run that could not be finished, and that somebody has asked to stop, stops instead of waiting',
    async run({ ledger, channel }) {
      const reasons: Record<string, Error> = {
        'put off': new RunDeferral('model_failed', 'Nobody answers.', { timeoutMs: 9e6 }),
        'put back': new BudaoError('unavailable', 'model_failed', 'Nobody answers.'),
      };
      const claims: string[] = [];
      const handler: RunHandler = {
        kind: 'work',
        concurrency: 2,
        async handle({ run }) {
          await ledger.transaction((tx) => requestCancel(tx, run.id, Date.now()));
          throw reasons[run.input as string] as Error;
        },
      };
      const observer = { onClaimed: ({ id }: Run) => void claims.push(id) };
      const handlers = [handler as never];
      await using _worker = new RunWorker({ ledger, channel, owner: 'a', handlers, observer });
      for (const input of Object.keys(reasons)) {
        const { run } = await submit(ledger, { input });
        assert.equal((await untilEnded(ledger, run.id)).status, 'cancelled', input);
        assert.equal(claims.filter((id) => id === run.id).length, 1, input);
      }
    },
  },
];

async function held(ledger: Ledger): Promise<Run> {
  const { run } = await submit(ledger);
  const [claimed] = await claim(ledger, 'a', 1);
  assert.ok(claimed?.id === run.id);
  return claimed;
}

/** By the fence of the claim, as a writer does that has not looked again. */
async function appendTick(ledger: Ledger, run: Run, seq: number, isRetry = false): Promise<boolean> {
  const events = [{ type: 'tick', payloadJson: '{}', isDelta: false }];
  const { id: runId, epoch, fence } = run;
  const request = { runId, epoch, firstSeq: seq, events, firstProgress: false, finish: null, fence, isRetry };
  const outcome = await ledger.transaction((tx) =>
    appendEvents(tx, 'a', [request], Date.now(), { number: seq, spread: false }),
  );
  return outcome.appended[0] === true;
}
