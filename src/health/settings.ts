/** The part of the configuration that is about health, with its defaults. */
import { z } from 'zod';
import { type AlertRule, SEVERITIES } from './alerts/rule.ts';
import { ALERT_RULES, RULES_BY_NAME } from './alerts/rules.ts';

const RuleChange = z.strictObject({
  enabled: z.boolean().optional(),
  severity: z.enum(SEVERITIES).optional(),
  threshold: z.number().optional(),
  /** The window that is looked at, where the rule has one. */
  windowSeconds: z.int().min(10).max(7_200).optional(),
  minEvents: z.int().min(1).optional(),
  /** Looks in a row, five seconds apart. */
  failures: z.int().min(1).max(720).optional(),
  recoveries: z.int().min(1).max(720).optional(),
});
type RuleChange = z.infer<typeof RuleChange>;

const ruleName = z.string().refine((name) => RULES_BY_NAME.has(name), {
  error: `is no alert. Alerts are: ${ALERT_RULES.map((rule) => rule.name).join(', ')}`,
});

export const HealthSettings = z.strictObject({
  alerts: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** What comes within this time goes into one message. */
      gatherSeconds: z.int().min(0).max(600).default(10),
      /** Between two messages of one group. */
      quietSeconds: z.int().min(0).max(86_400).default(120),
      /** An alert that lasts, and that nobody has acknowledged, is told of again. */
      repeatSeconds: z.int().min(60).max(604_800).default(14_400),
      rules: z.record(ruleName, RuleChange).default({}),
    })
    .prefault({}),
  canary: z
    .strictObject({
      /** Null asks the sample's question as long as the sample is there; false asks nothing. */
      enabled: z.boolean().nullable().default(null),
      intervalSeconds: z.int().min(10).max(86_400).default(300),
      timeoutSeconds: z.int().min(1).max(600).default(60),
      question: z.string().min(1).max(2_000).nullable().default(null),
      /** What the answer must hold: for each fact the accepted forms. */
      facts: z.array(z.array(z.string().min(1)).min(1)).default([]),
      /** The share of the facts below which the answer counts as failed. */
      minScore: z.number().min(0).max(1).default(1),
      /** A golden set whose questions are asked in turn, one each time, in place of the sample's. */
      goldenSet: z.string().min(1).max(200).nullable().default(null),
      /** The address that people use, such as the balancer's; null for this node's own. */
      url: z
        .url({ protocol: /^https?$/ })
        .nullable()
        .default(null),
    })
    .refine(({ question, goldenSet }) => question === null || goldenSet === null, {
      error: 'takes either question or goldenSet',
    })
    .refine(({ question, facts }) => (question === null) === (facts.length === 0), {
      error: 'needs question and facts together',
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      /** Golden sets with a baseline are asked again after a restore, an upgrade or another change, and now and then. */
      automatic: z.boolean().default(true),
      /** 0 asks only after changes. */
      everyHours: z.number().min(0).max(8_760).default(24),
      /** The configured model judges these answers, too. */
      judge: z.boolean().default(false),
    })
    .prefault({}),
  telemetry: z
    .strictObject({
      /** Where traces go, such as http://collector:4318. Null: nothing leaves this machine. */
      otlpEndpoint: z
        .url({ protocol: /^https?$/ })
        .nullable()
        .default(null),
      /** The share of requests that are traced; one that comes with a trace keeps its own mark. */
      sampleRatio: z.number().min(0).max(1).default(1),
    })
    .prefault({}),
});
export type HealthSettings = z.infer<typeof HealthSettings>;

/** The rules with what the configuration changes of them; those that it turns off are left out. */
export function rulesFor(settings: HealthSettings['alerts']): AlertRule[] {
  return ALERT_RULES.filter((rule) => settings.rules[rule.name]?.enabled !== false).map((rule) =>
    changed(rule, settings.rules[rule.name] ?? {}),
  );
}

function changed(rule: AlertRule, change: RuleChange): AlertRule {
  const { condition } = rule;
  const { threshold = condition.threshold, windowSeconds, minEvents } = change;
  return {
    ...rule,
    severity: change.severity ?? rule.severity,
    failures: change.failures ?? rule.failures,
    recoveries: change.recoveries ?? rule.recoveries,
    condition: {
      ...condition,
      threshold,
      ...('seconds' in condition && windowSeconds !== undefined ? { seconds: windowSeconds } : {}),
      ...('minEvents' in condition && minEvents !== undefined ? { minEvents } : {}),
    },
  };
}
