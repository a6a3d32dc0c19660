import type { Alert, Severity } from '../../api/operations.ts';

/** Alerts of one rule share their explanation. */
export interface AlertGroup {
  rule: string;
  severity: Severity;
  /** The newest first. */
  alerts: Alert[];
  /** When the oldest of them fired, and when the newest was over. */
  firstAt: number;
  lastAt: number | null;
}

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

/** The worst first, then the newest. */
export function byRule(alerts: readonly Alert[]): AlertGroup[] {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) groups.set(alert.rule, [...(groups.get(alert.rule) ?? []), alert]);
  return [...groups]
    .map(([rule, members]) => {
      const sorted = members.toSorted((one, other) => other.fired_at - one.fired_at);
      const ends = sorted.flatMap(({ resolved_at }) => (resolved_at === null ? [] : [resolved_at]));
      return {
        rule,
        severity: SEVERITIES.find((level) => sorted.some(({ severity }) => severity === level)) ?? 'info',
        alerts: sorted,
        firstAt: Math.min(...sorted.map(({ fired_at }) => fired_at)),
        lastAt: ends.length === 0 ? null : Math.max(...ends),
      };
    })
    .toSorted(
      (one, other) =>
        SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) ||
        (other.alerts[0]?.fired_at ?? 0) - (one.alerts[0]?.fired_at ?? 0),
    );
}
