import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { followThrough } from '../../../tests/support/follow-through.ts';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { until } from '../../../tests/support/until.ts';
import type { BudaoError } from '../../contract/errors.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { runTopic } from '../../runs/channel.ts';
import { openPostgresLedger } from '../ledger/postgres-ledger.ts';
import { openNotifyChannel } from './notify-channel.ts';
import type { PeerChannel } from './peer-channel.ts';

let cleanup: AsyncDisposableStack;
let server: PostgresServer;
let url: string;
let ledger: Ledger;
const installationId = randomUUID();
beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  server = cleanup.use(await startPostgres());
  url = server.url(await server.createLedger());
  ledger = cleanup.use(await openPostgresLedger({ url }));
});
afterEach(() => cleanup.disposeAsync());

interface Observed {
  channel: PeerChannel;
  states: { up: boolean; reason: BudaoError | null }[];
}

/** Publishes through `sql`. */
async function observe(sql: Sql = ledger.read): Promise<Observed> {
  const states: Observed['states'] = [];
  const channel = openNotifyChannel({
    url,
    sql,
    installationId,
    onState: (state, reason) => states.push({ up: state === 'up', reason }),
  });
  cleanup.use(channel);
  await until(() => states.at(-1)?.up === true);
  return { channel, states };
}

async function expectHeard(speaker: Observed, listener: Observed): Promise<void> {
  let count = 0;
  const end = listener.channel.subscribe('canary', () => (count += 1));
  await until(() => {
    speaker.channel.publish('canary', '');
    return count > 0;
  });
  end();
}

describe('the channel comes back by itself, and says what was the matter, when PostgreSQL', () => {
  test.each<[string, () => Promise<void> | void, () => Promise<void> | void]>([
    ['is killed and started', () => server.kill(), () => server.start()],
    ['falls silent for a while', () => server.freeze(), () => server.thaw()],
    [
      'ends all sessions',
      async () => {
        await server.query(
          'postgres',
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'budao'",
        );
      },
      () => {},
    ],
  ])('%s', async (_, fault, cure) => {
    const [worker, api] = [await observe(), await observe()];
    await expectHeard(worker, api);
    await fault();
    await until(() => [worker, api].every((one) => one.states.length > 1));
    for (const { states } of [worker, api]) {
      expect(states[1]).toMatchObject({ up: false, reason: { code: 'channel_unavailable' } });
    }
    await cure();
    await until(() => [worker, api].every((one) => one.states.at(-1)?.up === true));
    await expectHeard(worker, api);
  });
});

test('a follower gets every event, once and in order, while the listening sessions are ended', async () => {
  const [worker, api] = [await observe(), await observe()];
  await expectHeard(worker, api);
  await followThrough(ledger, { writing: worker.channel, following: api.channel }, async () => {
    for (let time = 0; time < 3; time++) {
      await sleep(500);
      await server.query(
        'postgres',
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'",
      );
    }
  });
  expect(api.states.length).toBeGreaterThan(1);
});

test('what many runs publish in one moment takes one statement, and none of their text', async () => {
  const api = await observe();
  const sent: string[] = [];
  const worker = await observe({
    ...ledger.read,
    all: (statement, params) => {
      sent.push(String(params?.entries));
      return ledger.read.all(statement, params);
    },
  });
  const heard = new Set<number>();
  for (let number = 0; number < 100; number++) {
    api.channel.subscribe(runTopic(`${number}`), () => heard.add(number));
  }
  await expectHeard(worker, api);
  for (let number = 0; number < 100; number++) {
    worker.channel.publish(runTopic(`${number}`), '[{"text":"secret"}]');
  }
  await until(() => heard.size === 100);
  expect(sent.join()).not.toContain('secret');
  expect(sent.filter((entries) => entries.includes('run:'))).toHaveLength(1);
});
