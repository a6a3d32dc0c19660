import { afterEach, beforeEach, expect, test } from 'vitest';
import { ledgerTime } from '../../ledger/clock.ts';
import type { RunHandler } from '../../runs/run.ts';
import { getRun } from '../../runs/run-store.ts';
import { RunWorker } from '../../runs/run-worker.ts';
import { MemoryChannel } from '../../stores/channel/memory-channel.ts';
import { alertOf, Receiver } from '../notifiers/testing.ts';
import { SmallInstallation, testSeal } from '../testing.ts';
import type { AlertChannel } from './channels.ts';
import { createNotifyHandler, submitNotice, submitTest } from './notify.ts';
import { Seal } from './seal.ts';

let installation: SmallInstallation;
let cleanup: AsyncDisposableStack;

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  installation = cleanup.use(await SmallInstallation.start());
});
afterEach(() => cleanup.disposeAsync());

function addChannel(url: string): Promise<AlertChannel> {
  return installation.channels.create({
    kind: 'feishu',
    name: 'duty',
    min_severity: 'warning',
    language: 'zh',
    disabled: false,
    url,
    secret: 'very-secret',
  });
}

function work(seal = testSeal()): void {
  const { ledger } = installation;
  const handler = createNotifyHandler({ ledger, seal }) as RunHandler<never>;
  const channel = cleanup.use(new MemoryChannel());
  cleanup.use(new RunWorker({ ledger, channel, owner: 'supervisor-1', handlers: [handler] }));
}

/** The clock of the ledger goes on, so that a run that was put off comes up again. */
async function ended(runId: string) {
  for (let tries = 0; tries < 200; tries++) {
    const run = await getRun(installation.ledger.read, runId);
    if (run !== undefined && run.finishedAt !== null) return run;
    installation.wallMs += 500;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the run did not end');
}

test('a receiver that is away for a moment gets its message once it is back', async () => {
  let refusals = 2;
  const receiver = cleanup.use(
    await Receiver.start(() =>
      refusals-- > 0 ? { status: 503, body: '' } : { body: { code: 0, msg: 'success' } },
    ),
  );
  const channel = await addChannel(receiver.url);
  const notice = { group: 'models' as const, alerts: [alertOf()] };
  const [run] = await installation.ledger.transaction((tx) =>
    submitNotice(tx, notice, [channel], ledgerTime()),
  );
  work();
  expect(await ended(run?.id ?? '')).toMatchObject({ status: 'completed' });
  expect(receiver.received).toHaveLength(3);
});

test('the same notice is sent once, whoever submits it again', async () => {
  const channel = await addChannel('http://127.0.0.1:9');
  const notice = { group: 'models' as const, alerts: [alertOf()] };
  const submit = () =>
    installation.ledger.transaction((tx) => submitNotice(tx, notice, [channel], ledgerTime()));
  expect(await submit()).toHaveLength(1);
  expect(await submit()).toHaveLength(0);
});

test('a channel hears of what is severe enough for it, and nothing when it is turned off', async () => {
  const channel = await addChannel('http://127.0.0.1:9');
  const submit = (severity: 'info' | 'critical', disabled = false) =>
    installation.ledger.transaction((tx) =>
      submitNotice(
        tx,
        { group: 'models', alerts: [alertOf({ severity, id: severity })] },
        [{ ...channel, disabled }],
        ledgerTime(),
      ),
    );
  expect(await submit('info')).toHaveLength(0);
  expect(await submit('critical', true)).toHaveLength(0);
  expect(await submit('critical')).toHaveLength(1);
});

test('a test that fails says why at once, and is not tried again', async () => {
  const receiver = cleanup.use(await Receiver.start(() => ({ status: 503, body: '' })));
  const channel = await addChannel(receiver.url);
  const run = await installation.ledger.transaction((tx) => submitTest(tx, channel, ledgerTime()));
  work();
  expect(await ended(run.id)).toMatchObject({ status: 'failed', failure: { code: 'alert_not_delivered' } });
  expect(receiver.received).toHaveLength(1);
});

test('keys stand in the ledger sealed only, and neither in runs nor in what may be shown', async () => {
  const channel = await addChannel('https://open.feishu.cn/open-apis/bot/v2/hook/0123-4567-89ab-cdef');
  await installation.ledger.transaction((tx) =>
    submitNotice(tx, { group: 'models', alerts: [alertOf()] }, [channel], ledgerTime()),
  );
  const rows = [
    await installation.ledger.read.all('SELECT * FROM alert_channel'),
    await installation.ledger.read.all('SELECT * FROM run'),
    await installation.ledger.read.all('SELECT * FROM event'),
  ];
  expect(JSON.stringify(rows)).not.toMatch(/very-secret|0123-4567/);
  expect(channel.settings['address']).toBe('https://open.feishu.cn/…cdef');
});

test('keys that were sealed elsewhere ask to be entered again, and can be', async () => {
  const receiver = cleanup.use(await Receiver.start(() => ({ body: { code: 0 } })));
  const channel = await addChannel(receiver.url);
  const other = new Seal({ read: async () => new Uint8Array(32).fill(9) });
  work(other);
  const run = await installation.ledger.transaction((tx) => submitTest(tx, channel, ledgerTime()));
  expect(await ended(run.id)).toMatchObject({ status: 'failed', failure: { code: 'alert_channel_sealed' } });
});

test('a change leaves the keys that it does not name, and takes away what it empties', async () => {
  const channel = await addChannel('http://127.0.0.1:9/hook');
  const renamed = await installation.channels.change(channel.id, { name: 'night', secret: null });
  expect(renamed).toMatchObject({ name: 'night', kind: 'feishu' });
  expect(await testSeal().open(channel.id, renamed.sealed)).toEqual({ url: 'http://127.0.0.1:9/hook' });
});
