import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followClock } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { openSqliteLedger } from '../../stores/ledger/sqlite-ledger.ts';
import { CareWatch } from './care-watch.ts';
import { latestResults, listResults } from './results.ts';
import { changeSchedules, readScheduleState, readSchedules, ScheduleSettings } from './schedules.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEDNESDAY_NOON = Date.parse('2026-11-18T12:00:00Z');
const configured = ScheduleSettings.parse({ timeZone: 'UTC', jitterSeconds: 0 });

let folder: string;
let ledger: Ledger;
let now: number;
const watches: CareWatch[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-care-'));
  ledger = await openSqliteLedger({ path: join(folder, 'ledger.db') });
  now = WEDNESDAY_NOON;
  followClock(() => now);
});
afterEach(async () => {
  for (const watch of watches.splice(0)) await watch[Symbol.asyncDispose]();
  followClock(() => Date.now());
  await ledger[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function watch(owner: string, repositories = ['local']): CareWatch {
  const made = new CareWatch({
    ledger,
    owner,
    installationId: 'inst_1',
    configured,
    repositories,
    hasKey: true,
    announce: () => {},
    onError: (error) => {
      throw error;
    },
    intervalMs: HOUR_MS,
  });
  watches.push(made);
  return made;
}

const openRuns = async (): Promise<string[]> =>
  (
    await ledger.read.all<{ kind: string; subject_id: string }>(
      `SELECT kind, subject_id FROM run WHERE status = 'queued' ORDER BY id`,
    )
  ).map(({ kind, subject_id: subject }) => `${kind} ${subject}`);

async function endRuns(outcome: { status: string; result?: unknown; failure?: unknown }): Promise<void> {
  await ledger.transaction((tx) =>
    tx.run(
      `UPDATE run SET status = :status, result = :result, failure = :failure, started_at = :started, finished_at = :now
       WHERE finished_at IS NULL`,
      {
        status: outcome.status,
        result: JSON.stringify(outcome.result ?? null),
        failure: outcome.failure === undefined ? null : JSON.stringify(outcome.failure),
        started: now - 1_000,
        now,
      },
    ),
  );
}

test('of several nodes one submits what is due, once for each repository', async () => {
  const [one, other] = [watch('proc_1', ['local', 'offsite']), watch('proc_2', ['local', 'offsite'])];
  await one.look();
  await other.look();
  expect(await openRuns()).toEqual([]);
  now = Date.parse('2026-11-19T02:30:00Z');
  await one.look();
  await other.look();
  await one.look();
  expect(await openRuns()).toEqual(['snapshot local', 'snapshot offsite']);
});

test('what was missed while nothing ran is caught up once, one heavy task after another', async () => {
  const first = watch('proc_1');
  await first.look();
  now += 21 * 24 * HOUR_MS;
  const next = watch('proc_2');
  const seen: string[][] = [];
  for (let look = 0; look < 6; look++) {
    await next.look();
    seen.push(await openRuns());
    await endRuns({
      status: 'completed',
      result: { verdict: 'pass', code: null, message: null, evidence: null },
    });
    now += MINUTE_MS;
  }
  expect(seen).toEqual([
    ['snapshot local'],
    ['backup-verify local'],
    ['backup-rehearse local'],
    ['backup-prune local'],
    [],
    [],
  ]);
});

test('results are kept however a run ends, and what was stopped by hand says nothing', async () => {
  const looking = watch('proc_1');
  await looking.look();
  const outcomes = [
    { status: 'completed', result: { id: 'snap_1', createdAt: now } },
    { status: 'failed', failure: { code: 'repository_unavailable', message: 'It is away.' } },
    { status: 'cancelled' },
  ];
  for (const outcome of outcomes) {
    now += 24 * HOUR_MS;
    await looking.look();
    expect(await openRuns()).toContain('snapshot local');
    await endRuns(outcome);
    await looking.look();
  }
  const results = await listResults(ledger.read, {
    task: 'snapshot',
    repository: 'local',
    limit: 10,
    before: null,
  });
  expect(results.map(({ verdict, code }) => [verdict, code])).toEqual([
    ['inconclusive', 'run_cancelled'],
    ['fail', 'repository_unavailable'],
    ['pass', null],
  ]);
  const [latest] = (await latestResults(ledger.read)).filter(({ task }) => task === 'snapshot');
  expect(latest).toMatchObject({ verdict: 'fail', message: 'It is away.', occasion: 'schedule' });
});

test('a schedule that is changed at run time counts from then on, and is taken back by null', async () => {
  const looking = watch('proc_1');
  await looking.look();
  const change = (changes: object) =>
    ledger.transaction((tx) => changeSchedules(tx, configured, { changes, by: 'user_1', now }));
  await change({ snapshot: 'Every  10m', verify: 'off' });
  expect(await readSchedules(ledger.read, configured)).toMatchObject({
    settings: { snapshot: 'every 10m', verify: 'off', prune: configured.prune },
    changes: { snapshot: 'every 10m', verify: 'off' },
    changedBy: 'user_1',
  });
  // Nothing of the new schedule was missed.
  await looking.look();
  expect(await openRuns()).toEqual([]);
  now += 10 * MINUTE_MS;
  await looking.look();
  expect(await openRuns()).toEqual(['snapshot local']);
  await change({ snapshot: null });
  expect((await readSchedules(ledger.read, configured)).settings.snapshot).toBe('daily 02:30');
  expect((await readScheduleState(ledger.read)).snapshot).toEqual({ handledDue: now, since: now });
  await expect(change({ snapshot: 'sometimes' })).rejects.toMatchObject({ code: 'schedule_invalid' });
});
