import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { Random } from '../../../tests/support/random.ts';
import { until } from '../../../tests/support/until.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { rewriting } from '../../runs/conformance/broken-engines.suite.ts';
import { Janitor } from '../../runs/janitor.ts';
import { isTerminal, type RunHandler } from '../../runs/run.ts';
import { releaseOwner } from '../../runs/run-claims.ts';
import { getRun, readEvents, requestCancel, submitRun } from '../../runs/run-store.ts';
import { RunWorker } from '../../runs/run-worker.ts';
import { MemoryChannel } from '../channel/memory-channel.ts';
import { openPostgresLedger, type PostgresLedger } from './postgres-ledger.ts';

const WORKERS = 3;
const SUBJECTS = 8;
const RUNS = 48;
const PIECES = 25;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What a handler was told is durable: by run, in the order of the answers. */
type Acknowledged = Map<string, string[]>;

function piecesHandler(acknowledged: Acknowledged, random: Random): RunHandler {
  return {
    kind: 'work',
    concurrency: 4,
    async handle(context) {
      const { id, epoch } = context.run;
      for (let piece = 0; piece < PIECES; piece++) {
        const name = `${epoch}.${piece}`;
        await context.emit('piece', { name });
        acknowledged.get(id)?.push(name);
        await sleep(random.between(0, 25));
      }
      return { status: 'completed' };
    },
  };
}

/** Breaks sessions off, takes runs away from workers that live, cancels, until it is told to stop. */
async function makeTrouble(
  database: string,
  ledger: PostgresLedger,
  owners: readonly string[],
  runIds: readonly string[],
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(random.between(20, 120));
    const kind = random.next();
    if (kind < 0.5) {
      await server.query(
        'postgres',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' ORDER BY random() LIMIT 2`,
      );
    } else if (kind < 0.8) {
      await ledger.transaction((tx) => releaseOwner(tx, random.pick(owners), 'leaving'));
    } else if (kind < 0.9) {
      await ledger.transaction((tx) => requestCancel(tx, random.pick(runIds), Date.now()));
    } else {
      await server.kill();
      await server.start();
    }
  }
}

/** Works, makes trouble, and then holds what was acknowledged against the ledger. */
async function endure(seed: number, breakIt: (ledger: Ledger) => Ledger = (ledger) => ledger): Promise<void> {
  const random = new Random(seed);
  const database = await server.createLedger();
  const url = server.url(database);
  await using cleanup = new AsyncDisposableStack();
  const open = async (): Promise<PostgresLedger> =>
    cleanup.use(await openPostgresLedger({ url, outagePatienceMs: 20_000 }));
  const ledger = await open();
  const channel = cleanup.use(new MemoryChannel());
  cleanup.use(new Janitor({ ledger, channel, onError: () => {} }));
  const acknowledged: Acknowledged = new Map();
  for (let count = 0; count < RUNS; count++) {
    const request = {
      kind: 'work',
      workspaceId: 'ws',
      subjectId: `subject ${count % SUBJECTS}`,
      input: {},
      maxAttempts: 1_000,
    };
    const { run } = await ledger.transaction((tx) => submitRun(tx, request, Date.now()));
    acknowledged.set(run.id, []);
  }
  const owners = Array.from({ length: WORKERS }, (_, index) => `worker ${index}`);
  for (const owner of owners) {
    const handlers = [piecesHandler(acknowledged, random) as never];
    cleanup.use(new RunWorker({ ledger: breakIt(await open()), channel, owner, handlers }));
  }
  const runIds = [...acknowledged.keys()];
  const quiet = new AbortController();
  const trouble = makeTrouble(database, ledger, owners, runIds, random, quiet.signal);
  let overlaps = 0;
  const open_ = `SELECT 1 AS one FROM run WHERE status IN ('queued', 'running')`;
  const endOfTrouble = Date.now() + 4_000;
  await until(async () => {
    if (Date.now() > endOfTrouble) quiet.abort();
    const doubled = await ledger.read.all(
      `SELECT subject_id FROM run WHERE owner IS NOT NULL GROUP BY subject_id HAVING count(*) > 1`,
    );
    overlaps += doubled.length;
    return (await ledger.read.get(open_)) === undefined;
  });
  quiet.abort();
  await trouble;
  expect(overlaps).toBe(0);
  for (const [runId, names] of acknowledged) {
    const run = await getRun(ledger.read, runId);
    const events = await readEvents(ledger.read, runId, 0, 100_000);
    expect(run !== undefined && isTerminal(run.status)).toBe(true);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.map((event) => event.epoch)).toEqual(
      events.map((event) => event.epoch).toSorted((left, right) => left - right),
    );
    expect(events.filter((event) => event.type.startsWith('run.')).length).toBe(1);
    const written = events
      .filter((event) => event.type === 'piece')
      .map((event) => (event.payload as { name: string }).name);
    expect(new Set(written).size).toBe(written.length);
    // In their order, and with nothing that was acknowledged left out.
    expect(written.filter((name) => names.includes(name))).toEqual(names);
  }
}

test.each([1, 2, 3])(
  'nothing acknowledged is lost or doubled while sessions, servers and owners come and go (seed %i)',
  (seed) => endure(seed),
);

test('a ledger that forgets a commit now and then is noticed', async () => {
  const random = new Random(4);
  const forgetful = (ledger: Ledger): Ledger => ({
    ...rewriting(ledger, (statement) => statement),
    async transaction(work) {
      const forgotten = new Error('forgotten');
      let result: { value: Awaited<ReturnType<typeof work>> } | undefined;
      try {
        return await ledger.transaction(async (tx) => {
          let appends = false;
          const value = await work({
            all: (statement, params) => tx.all(statement, params),
            get: (statement, params) => tx.get(statement, params),
            run: (statement, params) => {
              appends ||= statement.includes('INSERT INTO event');
              return tx.run(statement, params);
            },
          });
          result = { value };
          if (appends && random.next() < 0.05) throw forgotten;
          return value;
        });
      } catch (error) {
        if (error !== forgotten || result === undefined) throw error;
        return result.value;
      }
    },
  });
  await expect(endure(4, forgetful)).rejects.toThrow();
});
