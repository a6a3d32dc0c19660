import { BUSINESS_RULES } from './business-rules.ts';
import { MACHINE_RULES } from './machine-rules.ts';
import { RECOVERY_RULES } from './recovery-rules.ts';
import type { AlertRule } from './rule.ts';
import { SERVICE_RULES } from './service-rules.ts';
import { STREAM_RULES } from './stream-rules.ts';

/** Every built-in alert. The guide to alerts says what each means. */
export const ALERT_RULES: readonly AlertRule[] = [
  ...MACHINE_RULES,
  ...SERVICE_RULES,
  ...RECOVERY_RULES,
  ...STREAM_RULES,
  ...BUSINESS_RULES,
];

export const RULES_BY_NAME: ReadonlyMap<string, AlertRule> = new Map(
  ALERT_RULES.map((rule) => [rule.name, rule]),
);
