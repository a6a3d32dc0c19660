import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../tests/support/postgres-server.ts';
import { until } from '../../tests/support/until.ts';
import { Meter } from '../health/signals/meter.ts';
import { openPostgresLedger, type PostgresLedger } from '../stores/ledger/postgres-ledger.ts';
import { CopyWatch } from './copy-watch.ts';

let primary: PostgresServer;
let ledger: PostgresLedger;

beforeAll(async () => {
  primary = await startPostgres();
  ledger = await openPostgresLedger({ url: primary.url(await primary.createLedger()) });
});
afterAll(async () => {
  await ledger?.[Symbol.asyncDispose]();
  await primary?.[Symbol.asyncDispose]();
});

test('the lag of a copy that follows, holds back or has gone is measured, and of a ledger without copies none', async () => {
  let nowMs = 0;
  const meter = new Meter();
  const watch = new CopyWatch(() => nowMs);
  const lags = async (): Promise<number[]> => {
    await watch.measure(ledger.read, meter);
    return [...(meter.gauges.get('replication_lag_seconds')?.values() ?? [])];
  };
  expect(await lags()).toEqual([]);

  const standby = await primary.startStandby({ settings: { wal_receiver_status_interval: '1s' } });
  try {
    await until(async () => (await lags()).length === 1);
    expect(meter.gauges.get('replication_lag_seconds')?.keys().next().value).toContain('@127.0.0.1');
    // It has what is written, and does not show it.
    await standby.query('postgres', 'SELECT pg_wal_replay_pause()');
    await primary.query('postgres', 'CREATE TABLE held_back (); SELECT pg_switch_wal()');
    await until(async () => ((await lags())[0] ?? 0) > 0.2);
    await standby.query('postgres', 'SELECT pg_wal_replay_resume()');
  } finally {
    await standby[Symbol.asyncDispose]();
  }
  await until(
    async () => (await primary.query('postgres', 'SELECT 1 FROM pg_stat_replication')).length === 0,
  );
  nowMs += 45_000;
  expect((await lags())[0]).toBeGreaterThanOrEqual(45);
  nowMs += 48 * 3_600_000;
  expect(await lags()).toEqual([]);
});
