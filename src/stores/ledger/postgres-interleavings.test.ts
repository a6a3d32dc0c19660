/** What two transactions do to each other that did not see each other, one statement at a time. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { until } from '../../../tests/support/until.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { rewriting } from '../../runs/conformance/broken-engines.suite.ts';
import { append, claim, submit } from '../../runs/conformance/run-checks-harness.suite.ts';
import type { Run } from '../../runs/run.ts';
import { claimRun, releaseOwner } from '../../runs/run-claims.ts';
import { deferRun } from '../../runs/run-deferral.ts';
import { getRun, requestCancel } from '../../runs/run-store.ts';
import { openPostgresLedger, type PostgresLedger } from './postgres-ledger.ts';

const WHY = { code: 'model_failed', message: 'Nobody answers.', timeoutMs: 9_000_000 };

let server: PostgresServer;
let ledger: PostgresLedger;
let database: string;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.createLedger();
  ledger = await openPostgresLedger({ url: server.url(database) });
});
afterEach(() => ledger[Symbol.asyncDispose]());

/** A transaction that has done its work and not yet committed. */
async function heldOpen<T>(work: (tx: Sql) => Promise<T>): Promise<{ commit: () => Promise<T> }> {
  const [done, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const committed = ledger.transaction(async (tx) => {
    const value = await work(tx);
    done.resolve();
    await mayEnd.promise;
    return value;
  });
  await Promise.race([done.promise, committed]);
  return {
    commit: () => {
      mayEnd.resolve();
      return committed;
    },
  };
}

/** Somebody stands before a lock. */
function untilBlocked(): Promise<void> {
  const blocked = `SELECT 1 FROM pg_stat_activity WHERE datname = '${database}' AND wait_event_type = 'Lock'`;
  return until(async () => (await server.query('postgres', blocked)).length > 0);
}

test('two claims that each take their run for the first of its subject: the slower one goes without', async () => {
  const now = Date.now();
  const later = (await submit(ledger, { subjectId: 'conversation' }, now)).run;
  const take = (owner: string, runId: string) => (tx: Sql) =>
    claimRun(tx, { owner, runId, now: now + 1, leaseUntil: now + 50_000 });
  const first = await heldOpen(take('a', later.id));
  // Submitted before, committed after.
  const earlier = (await submit(ledger, { subjectId: 'conversation' }, now - 10)).run;
  const second = ledger.transaction(take('b', earlier.id));
  await untilBlocked();
  expect((await first.commit())?.id).toBe(later.id);
  expect(await second).toBe(null);
  expect((await getRun(ledger.read, earlier.id))?.status).toBe('queued');
});

test('a claim continues after what was appended while it looked for work', async () => {
  const { run } = await submit(ledger);
  // The statement has begun, and holds still before it looks at the first run.
  const slow = rewriting(ledger, (statement) =>
    statement.replace(
      'WHERE id IN (SELECT id FROM chosen)',
      'WHERE (SELECT count(*) FROM (SELECT pg_advisory_xact_lock(1)) AS gate) = 1 AND id IN (SELECT id FROM chosen)',
    ),
  );
  const gate = await heldOpen((tx) => tx.run('SELECT pg_advisory_xact_lock(1)'));
  const claimed = claim(slow, 'slow', 1);
  await untilBlocked();
  const [held] = await claim(ledger, 'quick', 1);
  expect(await append(ledger, held as Run)).toBe(true);
  await ledger.transaction((tx) => releaseOwner(tx, 'quick', 'leaving'));
  await gate.commit();
  const [successor] = await claimed;
  expect(successor?.id).toBe(run.id);
  expect([successor?.epoch, successor?.lastSeq]).toEqual([2, 1]);
});

test('a run that is put off while somebody asks it to stop does not wait for its turn before it stops', async () => {
  const { run } = await submit(ledger);
  const [held] = await claim(ledger, 'a', 1);
  const putOff = await heldOpen((tx) => deferRun(tx, held as Run, WHY, Date.now()));
  const cancelled = ledger.transaction((tx) => requestCancel(tx, run.id, Date.now()));
  await untilBlocked();
  expect(await putOff.commit()).toBe(true);
  expect((await cancelled)?.status).toBe('cancelled');
});

test('a run that is asked to stop while it is put off is not put off', async () => {
  const { run } = await submit(ledger);
  const [held] = await claim(ledger, 'a', 1);
  const asked = await heldOpen((tx) => requestCancel(tx, run.id, Date.now()));
  const putOff = ledger.transaction((tx) => deferRun(tx, held as Run, WHY, Date.now()));
  await untilBlocked();
  await asked.commit();
  expect(await putOff).toBe(false);
  expect((await getRun(ledger.read, run.id))?.status).toBe('running');
});
