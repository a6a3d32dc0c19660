/** Against receivers that check signatures and bodies as the vendors document them. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createDingtalkNotifier } from './dingtalk.ts';
import { createFeishuNotifier } from './feishu.ts';
import { alertOf, deliveryOf, type Received, Receiver } from './testing.ts';
import { createWecomNotifier } from './wecom.ts';

const NOW = Date.UTC(2026, 0, 5, 8);
const manyAlerts = Array.from({ length: 200 }, (_, index) =>
  alertOf({ id: `alert_${index}`, rule: `rule-${index}`, subject: `端点-${index}` }),
);

describe('DingTalk', () => {
  const SECRET = 'SEC1f2e3d';

  /** https://open.dingtalk.com/document/robots/customize-robot-security-settings, within an hour. */
  function robot({ url, body }: Received): { body: unknown } {
    const timestamp = Number(url.searchParams.get('timestamp'));
    const expected = createHmac('sha256', SECRET).update(`${timestamp}\n${SECRET}`).digest('base64');
    if (Math.abs(timestamp - NOW) > 3_600_000 || url.searchParams.get('sign') !== expected) {
      return { body: { errcode: 310_000, errmsg: 'sign not match' } };
    }
    const { title, text } = body['markdown'] as Record<string, string>;
    const isGood = body['msgtype'] === 'markdown' && title !== '' && text !== '';
    return { body: isGood ? { errcode: 0, errmsg: 'ok' } : { errcode: 400_401, errmsg: 'bad' } };
  }

  test('takes a message that is signed with the secret', async () => {
    await using receiver = await Receiver.start(robot);
    const url = `${receiver.url}/robot/send?access_token=t`;
    await createDingtalkNotifier({ url, secret: SECRET, now: () => NOW })(deliveryOf());
    const [received] = receiver.received;
    expect(received?.url.searchParams.get('access_token')).toBe('t');
    expect(received?.body).toMatchObject({
      markdown: { text: expect.stringContaining('模型或其他依赖不可用') as string },
    });
  });

  test('refuses another secret, and the key of the address stays out of the error', async () => {
    await using receiver = await Receiver.start(robot);
    const send = createDingtalkNotifier({ url: `${receiver.url}/?access_token=t0ken`, secret: 'SECother' });
    const failure = await send(deliveryOf()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'alert_refused', kind: 'conflict' });
    expect(String(failure)).toContain('sign not match');
    expect(String(failure)).not.toContain('t0ken');
  });

  test('is asked again later when it says that there were too many messages', async () => {
    await using receiver = await Receiver.start(() => ({ body: { errcode: 130_101, errmsg: 'too fast' } }));
    await expect(
      createDingtalkNotifier({ url: receiver.url, secret: null })(deliveryOf()),
    ).rejects.toMatchObject({
      code: 'alert_not_delivered',
      kind: 'unavailable',
    });
  });
});

describe('Feishu', () => {
  const SECRET = 'feishu-secret';

  /** https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot, within an hour, in seconds. */
  function bot({ body, text }: Received): { body: unknown } {
    const { timestamp, sign } = body as { timestamp: string; sign: string };
    const expected = createHmac('sha256', `${timestamp}\n${SECRET}`).digest('base64');
    if (
      !/^\d{10}$/.test(timestamp) ||
      Math.abs(Number(timestamp) * 1_000 - NOW) > 3_600_000 ||
      sign !== expected
    ) {
      return { body: { code: 19_021, msg: 'sign match fail or timestamp is not within one hour' } };
    }
    const isGood = body['msg_type'] === 'interactive' && Buffer.byteLength(text) <= 20_480;
    return { body: isGood ? { code: 0, data: {}, msg: 'success' } : { code: 9_499, msg: 'Bad Request' } };
  }

  test('takes a card that is signed with the secret, red while it lasts and green when it is over', async () => {
    await using receiver = await Receiver.start(bot);
    const send = createFeishuNotifier({ url: receiver.url, secret: SECRET, now: () => NOW });
    await send(deliveryOf());
    await send(deliveryOf([alertOf({ state: 'resolved', resolvedAt: NOW })]));
    const colours = receiver.received.map(
      ({ body }) => (body['card'] as { header: { template: string } }).header.template,
    );
    expect(colours).toEqual(['red', 'green']);
  });

  test('refuses another secret', async () => {
    await using receiver = await Receiver.start(bot);
    const send = createFeishuNotifier({ url: receiver.url, secret: 'other', now: () => NOW });
    await expect(send(deliveryOf())).rejects.toMatchObject({ code: 'alert_refused' });
  });

  test('takes two hundred alerts, cut to what it allows', async () => {
    await using receiver = await Receiver.start(bot);
    await createFeishuNotifier({ url: receiver.url, secret: SECRET, now: () => NOW })(deliveryOf(manyAlerts));
    expect(receiver.received).toHaveLength(1);
  });
});

describe('WeCom', () => {
  /** https://developer.work.weixin.qq.com/document/path/91770 */
  function robot({ url, body }: Received): { body: unknown } {
    if (url.searchParams.get('key') !== 'k')
      return { body: { errcode: 93_000, errmsg: 'invalid webhook url' } };
    const { content } = (body['markdown'] ?? {}) as { content?: string };
    if (body['msgtype'] !== 'markdown' || content === undefined || Buffer.byteLength(content) > 4_096) {
      return { body: { errcode: 40_058, errmsg: 'markdown.content exceed max length 4096' } };
    }
    return { body: { errcode: 0, errmsg: 'ok' } };
  }

  test('takes one message about two hundred alerts, and says how many there are', async () => {
    await using receiver = await Receiver.start(robot);
    await createWecomNotifier({ url: `${receiver.url}/?key=k` })(deliveryOf(manyAlerts));
    const [received] = receiver.received;
    const { content } = (received as Received).body['markdown'] as { content: string };
    expect(content).toContain('等 200 项');
    expect(content).not.toContain('\uFFFD');
  });

  test('says what to check when the key is wrong', async () => {
    await using receiver = await Receiver.start(robot);
    await expect(createWecomNotifier({ url: `${receiver.url}/?key=x` })(deliveryOf())).rejects.toThrow(
      'invalid webhook url',
    );
  });

  test('an address that belongs to something else is refused', async () => {
    await using receiver = await Receiver.start(() => ({ body: '<html>portal</html>' }));
    await expect(createWecomNotifier({ url: receiver.url })(deliveryOf())).rejects.toMatchObject({
      code: 'alert_refused',
    });
  });
});
