/** What is told about alerts, and when: everything of one cause in one message, each thing once. */
import type { Alert } from './alert-rows.ts';
import { type AlertGroup, isAtLeast, type Severity } from './rule.ts';

/** A message about one group of alerts, as it goes to every channel. Holds no secret. */
export interface Notice {
  group: AlertGroup;
  alerts: NoticeAlert[];
  /** Sent by somebody who tries a channel. */
  isTest?: true;
}

export interface NoticeAlert {
  id: string;
  rule: string;
  subject: string;
  severity: Severity;
  value: number | null;
  /** lasting: people know of it, and it is still so. */
  state: 'firing' | 'lasting' | 'resolved';
  firedAt: number;
  resolvedAt: number | null;
}

export interface NoticeTiming {
  gatherSeconds: number;
  quietSeconds: number;
  repeatSeconds: number;
}

export interface NoticePlan {
  notices: Notice[];
  /** Alerts whose recovery nobody needs to hear of. */
  hush: string[];
}

/** More in one message help nobody; the rest is counted. */
export const MAX_ALERTS_PER_NOTICE = 200;

/**
 * Everything new of a group goes into one message, once the oldest of it has waited for company, and not before the
 * group has been quiet for a while. A time that lies in the future was written before the clock was set back, and
 * holds nothing up.
 */
export function planNotices(
  alerts: readonly Alert[],
  options: {
    groupOf: (rule: string) => AlertGroup;
    isSilenced: (rule: string) => boolean;
    timing: NoticeTiming;
    now: number;
  },
): NoticePlan {
  const { groupOf, isSilenced, timing, now } = options;
  const hush = alerts.filter((alert) => isRecovery(alert) && isSilenced(alert.rule)).map(({ id }) => id);
  const byGroup = new Map<AlertGroup, Alert[]>();
  for (const alert of alerts) {
    const group = groupOf(alert.rule);
    byGroup.set(group, [...(byGroup.get(group) ?? []), alert]);
  }
  const notices: Notice[] = [];
  for (const [group, members] of byGroup) {
    const audible = members.filter((alert) => !isSilenced(alert.rule));
    const lately = members.filter((alert) => !isPast(alert.lastSentAt ?? 0, timing.quietSeconds, now));
    if (lately.length > 0 && !audible.some((alert) => isWorse(alert, lately))) continue;
    const told = audible.flatMap((alert) => tell(alert, timing, now));
    const hasWaited = audible.some((alert) => isDue(alert, timing, now));
    if (hasWaited) notices.push({ group, alerts: told.slice(0, MAX_ALERTS_PER_NOTICE) });
  }
  return { notices, hush };
}

function tell(alert: Alert, timing: NoticeTiming, now: number): NoticeAlert[] {
  const { id, rule, subject, severity, value, firedAt, resolvedAt } = alert;
  const told = { id, rule, subject, severity, value, firedAt, resolvedAt };
  if (isNews(alert)) return [{ ...told, state: 'firing' }];
  if (isRecovery(alert)) return [{ ...told, state: 'resolved' }];
  return isReminder(alert, timing, now) ? [{ ...told, state: 'lasting' }] : [];
}

/** Whether it is time for a message because of this alert. */
function isDue(alert: Alert, timing: NoticeTiming, now: number): boolean {
  if (isNews(alert)) return isPast(alert.firedAt, timing.gatherSeconds, now);
  if (isRecovery(alert)) return isPast(alert.resolvedAt ?? 0, timing.gatherSeconds, now);
  return isReminder(alert, timing, now);
}

/** What is worse than all that was told lately does not wait for the quiet to be over. */
function isWorse(alert: Alert, lately: readonly Alert[]): boolean {
  return isNews(alert) && lately.every((other) => !isAtLeast(other.severity, alert.severity));
}

function isNews(alert: Alert): boolean {
  return alert.resolvedAt === null && alert.announcedAt === null;
}

function isRecovery(alert: Alert): boolean {
  return alert.resolvedAt !== null && alert.announcedAt !== null && alert.recoverySentAt === null;
}

function isReminder(alert: Alert, timing: NoticeTiming, now: number): boolean {
  if (alert.resolvedAt !== null || alert.announcedAt === null || alert.acknowledgedAt !== null) return false;
  return isPast(alert.lastSentAt ?? 0, timing.repeatSeconds, now);
}

function isPast(time: number, seconds: number, now: number): boolean {
  return time > now || now - time >= seconds * 1_000;
}
