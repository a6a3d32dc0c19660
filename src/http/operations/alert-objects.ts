import type { Alert, Silence } from '../../health/alerts/alert-rows.ts';
import type { AlertChannel } from '../../health/alerts/channels.ts';
import { textOf } from '../../health/alerts/message.ts';
import type { NotifyInput } from '../../health/alerts/notify.ts';
import type { AlertRule } from '../../health/alerts/rule.ts';
import { RULES_BY_NAME } from '../../health/alerts/rules.ts';
import type { Run } from '../../runs/run.ts';

/** Times in seconds, as everywhere in the API. */
const seconds = (timeMs: number | null): number | null =>
  timeMs === null ? null : Math.floor(timeMs / 1_000);

export function alertObject(alert: Alert) {
  return {
    id: alert.id,
    object: 'alert',
    rule: alert.rule,
    subject: alert.subject,
    layer: RULES_BY_NAME.get(alert.rule)?.layer ?? 'service',
    group: RULES_BY_NAME.get(alert.rule)?.group ?? 'ledger',
    severity: alert.severity,
    state: alert.resolvedAt === null ? 'firing' : 'resolved',
    value: alert.value,
    text: { en: textOf(alert.rule, 'en'), zh: textOf(alert.rule, 'zh') },
    fired_at: seconds(alert.firedAt),
    resolved_at: seconds(alert.resolvedAt),
    announced_at: seconds(alert.announcedAt),
    last_sent_at: seconds(alert.lastSentAt),
    acknowledged_at: seconds(alert.acknowledgedAt),
    acknowledged_by: alert.acknowledgedBy,
  };
}

export function ruleObject(rule: AlertRule, silence: Silence | undefined) {
  const { name, layer, group, severity, condition, failures, recoveries, text } = rule;
  return {
    id: name,
    object: 'alert.rule',
    layer,
    group,
    severity,
    condition,
    failures,
    recoveries,
    text,
    silenced_until: seconds(silence?.until ?? null),
    silenced_by: silence?.silencedBy ?? null,
  };
}

/** What may be shown of it; its keys never leave the ledger. */
export function channelObject(channel: AlertChannel) {
  return {
    id: channel.id,
    object: 'alert.channel',
    kind: channel.kind,
    name: channel.name,
    min_severity: channel.minSeverity,
    language: channel.language,
    disabled: channel.disabled,
    settings: channel.settings,
    created_at: seconds(channel.createdAt),
    updated_at: seconds(channel.updatedAt),
  };
}

export function messageObject(run: Run) {
  const { channelId, notice } = run.input as NotifyInput;
  return {
    id: run.id,
    object: 'alert.message',
    channel_id: channelId,
    group: notice.group,
    is_test: notice.isTest === true,
    alerts: notice.alerts.map(({ id, rule, subject, state }) => ({ id, rule, subject, state })),
    status: run.status,
    attempts: run.attempts,
    failure: run.failure,
    created_at: seconds(run.createdAt),
    finished_at: seconds(run.finishedAt),
  };
}
