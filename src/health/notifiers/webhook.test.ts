import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { alertOf, deliveryOf, type Received, Receiver } from './testing.ts';
import { createWebhookNotifier } from './webhook.ts';

const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
const SECRET = `whsec_${KEY.toString('base64')}`;

/** As https://www.standardwebhooks.com says how to verify. */
function verify({ headers, text }: Received): { status: number; body: string } {
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`;
  const expected = `v1,${createHmac('sha256', KEY).update(content).digest('base64')}`;
  const isFresh = Math.abs(Date.now() / 1_000 - Number(headers['webhook-timestamp'])) < 300;
  return headers['webhook-signature'] === expected && isFresh
    ? { status: 204, body: '' }
    : { status: 401, body: 'bad signature' };
}

test('a receiver verifies the signature, and finds every alert in the body', async () => {
  await using receiver = await Receiver.start(verify);
  const alerts = [alertOf(), alertOf({ id: 'alert_2', subject: 'deepseek' })];
  await createWebhookNotifier({ url: receiver.url, secret: SECRET })(deliveryOf(alerts, 'en'));
  expect(receiver.received[0]?.body).toMatchObject({
    id: 'run_1',
    type: 'budao.alert',
    status: 'firing',
    group: 'models',
    alerts: [
      {
        id: 'alert_1',
        rule: 'model-away',
        subject: 'qwen',
        fired_at: '2026-01-05T08:00:00.000Z',
        resolved_at: null,
      },
      { id: 'alert_2', subject: 'deepseek' },
    ],
  });
});

test('another secret is refused for good', async () => {
  await using receiver = await Receiver.start(verify);
  await expect(
    createWebhookNotifier({ url: receiver.url, secret: 'other' })(deliveryOf()),
  ).rejects.toMatchObject({ code: 'alert_refused' });
});

test.each([429, 500, 503])('status %i is passing', async (status) => {
  await using receiver = await Receiver.start(() => ({ status, body: '' }));
  await expect(
    createWebhookNotifier({ url: receiver.url, secret: null })(deliveryOf()),
  ).rejects.toMatchObject({ code: 'alert_not_delivered' });
});

test('a redirect is not followed: it would carry the message elsewhere', async () => {
  await using other = await Receiver.start(() => ({ body: '' }));
  await using receiver = await Receiver.start(() => ({
    status: 307,
    headers: { location: other.url },
    body: '',
  }));
  await expect(
    createWebhookNotifier({ url: receiver.url, secret: null })(deliveryOf()),
  ).rejects.toMatchObject({ code: 'alert_refused' });
  expect(other.received).toEqual([]);
});

test('nobody at the address is passing, and the error names the host without its key', async () => {
  const receiver = await Receiver.start(() => ({ body: '' }));
  await receiver[Symbol.asyncDispose]();
  const send = createWebhookNotifier({ url: `${receiver.url}/hook/s3cret-key`, secret: null });
  const failure = await send(deliveryOf()).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'alert_not_delivered' });
  expect(String(failure)).toContain('takes no connections');
  expect(String(failure)).not.toContain('s3cret-key');
});
