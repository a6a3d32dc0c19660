import { createHmac } from 'node:crypto';
import { textOf } from '../alerts/message.ts';
import type { Delivery, Notifier } from './notifier.ts';
import { postJson } from './post-json.ts';

const ENCODED_SECRET = /^whsec_(?<base64>[A-Za-z0-9+/=]+)$/;

/**
 * JSON to any address, signed as Standard Webhooks has it (https://www.standardwebhooks.com), so that the receiver
 * checks it with a library of theirs.
 */
export function createWebhookNotifier(options: {
  url: string;
  secret: string | null;
  now?: () => number;
}): Notifier {
  const { url, secret, now = Date.now } = options;
  return async (delivery) => {
    const body = JSON.stringify(bodyOf(delivery));
    const timestamp = String(Math.floor(now() / 1_000));
    const headers: Record<string, string> = {
      'webhook-id': delivery.id,
      'webhook-timestamp': timestamp,
      ...(secret === null
        ? {}
        : { 'webhook-signature': `v1,${sign(secret, `${delivery.id}.${timestamp}.${body}`)}` }),
    };
    await postJson({ url, body, headers, signal: delivery.signal });
  };
}

function sign(secret: string, content: string): string {
  const base64 = ENCODED_SECRET.exec(secret)?.groups?.['base64'];
  const key = base64 === undefined ? Buffer.from(secret, 'utf8') : Buffer.from(base64, 'base64');
  return createHmac('sha256', key).update(content).digest('base64');
}

/** Times as ISO 8601. */
function bodyOf({ id, notice, message, language }: Delivery) {
  return {
    id,
    type: notice.isTest === true ? 'budao.alert.test' : 'budao.alert',
    status: message.isRecovery ? 'resolved' : 'firing',
    group: notice.group,
    severity: message.severity,
    title: message.title,
    text: message.paragraphs.join('\n\n'),
    alerts: notice.alerts.map((alert) => ({
      id: alert.id,
      rule: alert.rule,
      subject: alert.subject,
      severity: alert.severity,
      state: alert.state,
      value: alert.value,
      title: textOf(alert.rule, language).title,
      advice: textOf(alert.rule, language).advice,
      fired_at: new Date(alert.firedAt).toISOString(),
      resolved_at: alert.resolvedAt === null ? null : new Date(alert.resolvedAt).toISOString(),
    })),
  };
}
