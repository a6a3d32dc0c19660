/** What the routes of alerts, of their rules and of the channels they go out by answer. */
import { z } from 'zod';
import { Failure, Seconds } from '../../contract/replies/common.ts';
import { ALERT_GROUPS, LANGUAGES, SEVERITIES } from '../../health/alerts/rule.ts';
import { CHANNEL_KINDS } from '../../health/notifiers/notifier.ts';
import { LAYERS } from '../../health/signals/signals.ts';
import { RUN_STATUSES } from '../../runs/run.ts';

const Severity = z.enum(SEVERITIES);
const Text = z.object({ title: z.string(), advice: z.string() });
const belonging = { layer: z.enum(LAYERS), group: z.enum(ALERT_GROUPS), severity: Severity };
const texts = { text: z.object({ en: Text, zh: Text }) };

export const AlertReply = z
  .object({
    id: z.string(),
    object: z.literal('alert'),
    rule: z.string(),
    subject: z.string(),
    ...belonging,
    state: z.enum(['firing', 'resolved']),
    value: z.number().nullable(),
    ...texts,
    fired_at: Seconds,
    resolved_at: Seconds.nullable(),
    announced_at: Seconds.nullable(),
    last_sent_at: Seconds.nullable(),
    acknowledged_at: Seconds.nullable(),
    acknowledged_by: z.string().nullable(),
  })
  .meta({ id: 'Alert' });

const share = {
  of: z.string(),
  to: z.array(z.string()),
  seconds: z.number(),
  threshold: z.number(),
  minEvents: z.number(),
};
const Condition = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ratio'), ...share }),
  z.object({ kind: z.literal('rise'), ...share, before: z.number(), factor: z.number() }),
  z.object({ kind: z.literal('count'), of: z.string(), seconds: z.number(), threshold: z.number() }),
  z.object({
    kind: z.literal('quantile'),
    of: z.string(),
    share: z.number(),
    seconds: z.number(),
    threshold: z.number(),
    minEvents: z.number(),
  }),
  z.object({ kind: z.enum(['above', 'below']), of: z.string(), threshold: z.number() }),
]);

export const AlertRuleReply = z
  .object({
    id: z.string(),
    object: z.literal('alert.rule'),
    ...belonging,
    condition: Condition,
    failures: z.int(),
    recoveries: z.int(),
    ...texts,
    silenced_until: Seconds.nullable(),
    silenced_by: z.string().nullable(),
  })
  .meta({ id: 'AlertRule' });

export const AlertChannelReply = z
  .object({
    id: z.string(),
    object: z.literal('alert.channel'),
    kind: z.enum(CHANNEL_KINDS),
    name: z.string(),
    min_severity: Severity,
    language: z.enum(LANGUAGES),
    disabled: z.boolean(),
    /** Depends on the kind; secrets are left out. */
    settings: z.record(z.string(), z.unknown()),
    created_at: Seconds,
    updated_at: Seconds,
  })
  .meta({ id: 'AlertChannel' });

export const AlertMessageReply = z
  .object({
    id: z.string(),
    object: z.literal('alert.message'),
    channel_id: z.string(),
    group: z.enum(ALERT_GROUPS),
    is_test: z.boolean(),
    alerts: z.array(
      z.object({
        id: z.string(),
        rule: z.string(),
        subject: z.string(),
        state: z.enum(['firing', 'lasting', 'resolved']),
      }),
    ),
    status: z.enum(RUN_STATUSES),
    attempts: z.int(),
    failure: Failure.nullable(),
    created_at: Seconds,
    finished_at: Seconds.nullable(),
  })
  .meta({ id: 'AlertMessage' });
