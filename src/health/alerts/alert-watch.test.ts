import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SmallInstallation } from '../testing.ts';
import { silenceRule } from './alert-rows.ts';
import type { AlertWatch } from './alert-watch.ts';

let installation: SmallInstallation;
let watch: AlertWatch;

beforeEach(async () => {
  installation = await SmallInstallation.start();
  await installation.addChannel();
  watch = installation.watch();
});
afterEach(() => installation[Symbol.asyncDispose]());

/** Twenty requests a second, of which this share fails, spread evenly. */
function traffic(errorRatio: number): () => void {
  let owed = 0;
  return () => {
    const meter = installation.meter();
    meter.count('http_requests', 100);
    owed += 100 * errorRatio;
    meter.count('http_errors', Math.floor(owed));
    owed -= Math.floor(owed);
  };
}

describe('errors of requests', () => {
  test('a rise from 0.1 % to 10 % raises the alarm within a minute', async () => {
    await installation.pass(900, watch, traffic(0.001));
    expect(await installation.open()).toEqual([]);
    await installation.pass(60, watch, traffic(0.1));
    expect(await installation.open()).toEqual(['http-errors-rise', 'http-errors']);
    await installation.pass(10, watch, traffic(0.1));
    // The worse one does not wait for the quiet after the first.
    expect(installation.told()).toEqual([['firing http-errors-rise'], ['firing http-errors']]);
  });

  test('a single time-out raises none, in much traffic and in little', async () => {
    await installation.pass(300, watch, traffic(0));
    installation.meter().count('http_errors');
    await installation.pass(300, watch, traffic(0));
    await installation.pass(300, watch);
    installation.meter().count('http_requests');
    installation.meter().count('http_errors');
    await installation.pass(300, watch);
    expect(await installation.open()).toEqual([]);
    expect(installation.told()).toEqual([]);
  });

  test('three of three are an outage, however little is asked', async () => {
    await installation.pass(120, watch);
    installation.meter().count('http_requests', 3);
    installation.meter().count('http_errors', 3);
    await installation.pass(15, watch);
    expect(await installation.open()).toContain('http-errors');
  });

  test('what processes counted before the watch began is no news', async () => {
    installation.meter().count('http_requests', 1_000);
    installation.meter().count('http_errors', 1_000);
    await installation.pass(120, watch);
    expect(await installation.open()).toEqual([]);
  });
});

test('a recovery is told once, and the alert stays in the history', async () => {
  await installation.pass(60, watch, traffic(0));
  await installation.pass(120, watch, traffic(0.5));
  await installation.pass(900, watch, traffic(0));
  expect(await installation.open()).toEqual([]);
  const told = installation.told().flat();
  expect(told.filter((line) => line.endsWith(' http-errors'))).toEqual([
    'firing http-errors',
    'resolved http-errors',
  ]);
  const history = await installation.ledger.read.all(`SELECT rule FROM alert WHERE rule = 'http-errors'`);
  expect(history).toHaveLength(1);
});

test('fifty alerts of one cause come in one message', async () => {
  for (const process of ['worker-2', 'worker-3']) await installation.addProcess(process, 'worker');
  await installation.pass(60, watch);
  for (let number = 0; number < 50; number++) {
    const process = `worker-${1 + Math.floor(number / 20)}`;
    installation.meter(process).gauge('breaker_open', 1, `endpoint-${number}`);
  }
  await installation.pass(120, watch);
  const told = installation.told();
  expect(told).toHaveLength(1);
  expect(told[0]).toHaveLength(50);
  expect(new Set(told[0]).size).toBe(50);
});

test('an alert that comes and goes is told of at most every two minutes', async () => {
  const meter = installation.meter('worker-1');
  await installation.pass(60, watch);
  for (let time = 0; time < 20; time++) {
    meter.gauge('breaker_open', 1, 'model');
    await installation.pass(20, watch);
    meter.gauge('breaker_open', 0, 'model');
    await installation.pass(20, watch);
  }
  expect(installation.told().length).toBeLessThanOrEqual(800 / 120 + 1);
});

test('a restart repeats nothing, and a recovery that came meanwhile is told', async () => {
  installation.meter('worker-1').gauge('breaker_open', 1, 'model');
  await installation.pass(60, watch);
  await watch[Symbol.asyncDispose]();
  const second = installation.watch('supervisor-2');
  await installation.pass(300, second);
  expect(installation.told()).toEqual([['firing model-away/model']]);
  await second[Symbol.asyncDispose]();
  installation.meter('worker-1').gauge('breaker_open', 0, 'model');
  await installation.pass(120, installation.watch('supervisor-3'));
  expect(installation.told()).toEqual([['firing model-away/model'], ['resolved model-away/model']]);
});

test('of two watches one tells, and the other goes on when that one is gone', async () => {
  const second = installation.watch('supervisor-2');
  installation.meter('worker-1').gauge('breaker_open', 1, 'model');
  await installation.pass(60, [watch, second]);
  expect(installation.told()).toEqual([['firing model-away/model']]);
  installation.meter('worker-1').gauge('breaker_open', 0, 'model');
  await installation.pass(180, second);
  expect(installation.told()).toEqual([['firing model-away/model'], ['resolved model-away/model']]);
});

describe('a clock that is set', () => {
  test.each([
    ['back by a day', -86_400_000],
    ['ahead by an hour', 3_600_000],
  ])('%s neither repeats nor swallows a message', async (_name, jumpMs) => {
    const meter = installation.meter('worker-1');
    meter.gauge('breaker_open', 1, 'model');
    await installation.pass(60, watch);
    installation.wallMs += jumpMs;
    await installation.pass(60, watch);
    meter.gauge('breaker_open', 0, 'model');
    await installation.pass(180, watch);
    expect(installation.told()).toEqual([['firing model-away/model'], ['resolved model-away/model']]);
  });
});

test('a silenced rule is told of when the silence ends, if it still fires', async () => {
  const { ledger } = installation;
  const until = installation.wallMs + 300_000;
  await ledger.transaction((tx) =>
    silenceRule(tx, { rule: 'model-away', until, silencedBy: 'user_1' }, installation.wallMs),
  );
  installation.meter('worker-1').gauge('breaker_open', 1, 'model');
  await installation.pass(280, watch);
  expect(await installation.open()).toEqual(['model-away/model']);
  expect(installation.told()).toEqual([]);
  await installation.pass(60, watch);
  expect(installation.told()).toEqual([['firing model-away/model']]);
});

test('what is gone altogether, such as an endpoint that was removed, is over', async () => {
  const meter = installation.meter('worker-1');
  meter.gauge('breaker_open', 1, 'model');
  await installation.pass(60, watch);
  meter.clear('breaker_open', 'model');
  await installation.pass(60, watch);
  expect(await installation.open()).toEqual([]);
});

test('a ledger that is away is told of without it, once, and so is its return', async () => {
  await installation.pass(60, watch);
  installation.isLedgerAway = true;
  await installation.pass(600, watch);
  expect(installation.direct.map(({ alerts }) => alerts[0]?.state)).toEqual(['firing']);
  installation.isLedgerAway = false;
  installation.meter().count('ledger_failures', 5_000);
  await installation.pass(120, watch);
  expect(installation.direct.map(({ alerts }) => alerts[0]?.state)).toEqual(['firing', 'resolved']);
  expect(await installation.open()).toEqual([]);
  const history = await installation.ledger.read.all('SELECT rule FROM alert');
  expect(history).toEqual([{ rule: 'ledger-unavailable' }]);
});

test('all workers dead raise the alarm, not those that are only starting', async () => {
  await installation.pass(20, watch);
  expect(await installation.open()).toEqual([]);
  await installation.ledger.transaction((tx) => tx.run(`DELETE FROM process WHERE role = 'worker'`));
  const meter = installation.meter();
  // What the watch measures comes with the report of its own process.
  meter.gauge('workers_alive', 0);
  installation.meters.delete('worker-1');
  await installation.pass(60, watch);
  expect(await installation.open()).toContain('no-worker');
});
