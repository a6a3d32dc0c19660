import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import { listPage } from '../../contract/openai/common.ts';
import { pageOf } from '../../contract/replies/common.ts';
import {
  type Alert,
  acknowledgeAlert,
  endSilence,
  getAlert,
  listAlerts,
  silenceRule,
  silences,
} from '../../health/alerts/alert-rows.ts';
import type { AlertRule } from '../../health/alerts/rule.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { callerOf } from '../caller.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { alertObject, ruleObject } from './alert-objects.ts';
import { AlertReply, AlertRuleReply } from './alert-replies.ts';

type ById = { Params: { id: string } };
const tag = 'Operations';

const AlertsQuery = z.looseObject({
  state: z.enum(['firing', 'resolved']).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(100)).default(20),
  after: z.string().optional(),
});
const SilenceBody = z.strictObject({
  seconds: z
    .int()
    .min(60)
    .max(30 * 86_400),
});

export interface AlertRoutes {
  ledger: Ledger;
  /** As they are configured. */
  rules: readonly AlertRule[];
}

/** What fires, what has fired, and what it means. Alerts are those of the installation, not of a workspace. */
export function alertRoutes({ ledger, rules }: AlertRoutes): FastifyPluginAsync {
  const requireRule = (name: string): AlertRule => {
    const rule = rules.find((candidate) => candidate.name === name);
    if (rule !== undefined) return rule;
    throw new BudaoError('not_found', 'alert_rule_not_found', `There is no alert rule '${name}'.`);
  };
  const requireAlert = async (id: string): Promise<Alert> => {
    const alert = await getAlert(ledger.read, id);
    if (alert !== undefined) return alert;
    throw new BudaoError('not_found', 'alert_not_found', `There is no alert ${id}.`);
  };
  const ruleNow = async (rule: AlertRule): Promise<unknown> => {
    const silenced = await silences(ledger.read, ledgerTime());
    return ruleObject(
      rule,
      silenced.find((silence) => silence.rule === rule.name),
    );
  };

  return async (app) => {
    app.get(
      '/ops/alerts',
      {
        config: {
          role: 'editor',
          operation: { summary: 'List alerts', answer: pageOf(AlertReply), tag, query: AlertsQuery },
        },
      },
      async (request) => {
        const { state = null, limit, after } = validate(AlertsQuery, request.query);
        const previous = after === undefined ? null : await requireAlert(after);
        const found = await listAlerts(ledger.read, { state, limit: limit + 1, after: previous });
        return listPage(found.map(alertObject), limit);
      },
    );
    app.post<ById>(
      '/ops/alerts/:id/acknowledge',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: { summary: 'Look after an alert', answer: AlertReply, tag },
        },
      },
      async (request) => {
        const { id } = await requireAlert(request.params.id);
        const by = callerOf(request).ownerId;
        await ledger.transaction((tx) => acknowledgeAlert(tx, id, by, ledgerTime()));
        return alertObject(await requireAlert(id));
      },
    );
    app.get(
      '/ops/alerts/rules',
      {
        config: {
          role: 'editor',
          operation: { summary: 'List alert rules', answer: pageOf(AlertRuleReply), tag },
        },
      },
      async () => {
        const silenced = await silences(ledger.read, ledgerTime());
        const data = rules.map((rule) =>
          ruleObject(
            rule,
            silenced.find((silence) => silence.rule === rule.name),
          ),
        );
        return listPage(data, data.length);
      },
    );
    app.post<ById>(
      '/ops/alerts/rules/:id/silence',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: {
            summary: 'Silence an alert rule for a while',
            answer: AlertRuleReply,
            tag,
            body: SilenceBody,
          },
        },
      },
      async (request) => {
        const rule = requireRule(request.params.id);
        const { seconds } = validateBody(SilenceBody, request.body);
        const now = ledgerTime();
        const silencedBy = callerOf(request).ownerId;
        const silence = { rule: rule.name, until: now + seconds * 1_000, silencedBy };
        await ledger.transaction((tx) => silenceRule(tx, silence, now));
        request.log.warn({ rule: rule.name, seconds, by: silencedBy }, 'an alert rule was silenced');
        return ruleNow(rule);
      },
    );
    app.delete<ById>(
      '/ops/alerts/rules/:id/silence',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: { summary: 'Let an alert rule speak again', answer: AlertRuleReply, tag },
        },
      },
      async (request) => {
        const rule = requireRule(request.params.id);
        await ledger.transaction((tx) => endSilence(tx, rule.name));
        return ruleNow(rule);
      },
    );
  };
}
