import type { AlertChannel } from '../alerts/channels.ts';
import { createDingtalkNotifier } from './dingtalk.ts';
import { createEmailNotifier, type EmailOptions } from './email.ts';
import { createFeishuNotifier } from './feishu.ts';
import type { Notifier } from './notifier.ts';
import { createWebhookNotifier } from './webhook.ts';
import { createWecomNotifier } from './wecom.ts';

/** The sender of a channel, with its keys unsealed. */
export function createNotifier(channel: AlertChannel, secrets: Readonly<Record<string, string>>): Notifier {
  const url = secrets['url'] ?? '';
  const secret = secrets['secret'] ?? null;
  switch (channel.kind) {
    case 'webhook':
      return createWebhookNotifier({ url, secret });
    case 'wecom':
      return createWecomNotifier({ url });
    case 'dingtalk':
      return createDingtalkNotifier({ url, secret });
    case 'feishu':
      return createFeishuNotifier({ url, secret });
    case 'email': {
      const settings = channel.settings as unknown as Omit<EmailOptions, 'password'>;
      return createEmailNotifier({
        ...settings,
        username: settings.username ?? null,
        password: secrets['password'] ?? null,
      });
    }
  }
}
