/** The whole service: an alert on its way from a measurement to the people who look after it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Receiver } from '../../src/health/notifiers/testing.ts';
import { budao } from '../support/cli.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const DEADLINE_MS = 90_000;

interface Listed {
  data: { id: string; rule: string; state: string; announced_at: number | null }[];
}

let service: Service;
let folder: string;
let receiver: Receiver;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-alerts-'));
  const configuration = join(folder, 'budao.yaml');
  // No disk has so much room: the alert fires on any machine.
  const rules = 'rules: { disk-low: { threshold: 1.0e+18 } }';
  await writeFile(
    configuration,
    `health: { alerts: { gatherSeconds: 0, ${rules} }, canary: { intervalSeconds: 10 } }\n`,
  );
  receiver = await Receiver.start(() => ({ body: { errcode: 0, errmsg: 'ok' } }));
  service = await Service.start({ environment: { BUDAO_CONFIG: configuration, BUDAO_SAMPLE: '1' } });
}, 120_000);
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await receiver?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const alerts = () => service.json<Listed>('GET', '/ops/alerts?limit=100');
const toldOf = (rule: string) =>
  receiver.received.filter(({ text }) => text.includes(rule === 'disk-low' ? 'is filling up' : rule));

test('an alert reaches its channel once, through a kill of everything', async () => {
  const channel = await service.json<{ id: string; settings: object }>('POST', '/ops/alerts/channels', {
    kind: 'wecom',
    name: 'on call',
    language: 'en',
    url: `${receiver.url}/cgi-bin/webhook/send?key=0123456789-abcdef`,
  });
  expect(JSON.stringify(channel)).not.toContain('0123456789');
  await until(async () => toldOf('disk-low').length > 0, DEADLINE_MS);
  expect((await alerts()).data.map(({ rule }) => rule)).toContain('disk-low');
  expect(await (await fetch(`${service.url}/readyz?verbose`)).text()).toContain('disk-low');

  await service.killAll();
  await service.start();
  await until(async () => (await canaryPassed()) > 0, DEADLINE_MS);
  expect(toldOf('disk-low')).toHaveLength(1);
}, 240_000);

/** Asked by whoever looks after the alerts: then the first looks of the new supervisor are over. */
async function canaryPassed(): Promise<number> {
  const text = await (await service.request('GET', '/metrics')).text();
  return Number(/canary_passed_total\{role="supervisor"\} (\d+)/.exec(text)?.[1] ?? 0);
}

test('the command line lists it, looks after it, and tries the channel', async () => {
  const data = ['--data-dir', service.dataDir];
  const listed = await budao(['alerts', 'list', '--json', ...data]);
  expect(listed.code).toBe(1);
  const alert = (JSON.parse(listed.stdout) as Listed).data.find(({ rule }) => rule === 'disk-low');
  expect((await budao(['alerts', 'ack', alert?.id ?? '', ...data])).code).toBe(0);
  const tried = await budao(['alerts', 'test', '--lang', 'en', ...data]);
  expect(tried.stdout).toContain('on call');
  expect(tried.code, tried.stderr).toBe(0);
  expect(toldOf('This is a test')).toHaveLength(1);
  expect((await budao(['alerts', 'silence', 'disk-low', '--minutes', '5', ...data])).code).toBe(0);
  expect((await budao(['alerts', 'silence', 'no-such-rule', ...data])).stderr).toContain('no-such-rule');
}, 60_000);
