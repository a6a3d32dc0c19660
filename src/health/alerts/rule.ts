import type { CounterName, GaugeName, Layer, TimingName } from '../signals/signals.ts';

/** info: worth knowing. warning: look today. critical: people feel it now. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What an alert is about, beyond its rule: one message tells of all that have one cause. */
export const ALERT_GROUPS = [
  'machine',
  'ledger',
  'processes',
  'traffic',
  'models',
  'knowledge',
  'answers',
  'recovery',
] as const;
export type AlertGroup = (typeof ALERT_GROUPS)[number];

/** When a rule is broken, over the signals of all processes. Every number can be set in the configuration. */
export type Condition =
  /** The share of `of` in the sum of `to` reaches the threshold, by at least `minEvents`. */
  | {
      kind: 'ratio';
      of: CounterName;
      to: readonly CounterName[];
      seconds: number;
      threshold: number;
      minEvents: number;
    }
  /** That share is `factor` times what it was in the time before, and reaches the threshold. */
  | {
      kind: 'rise';
      of: CounterName;
      to: readonly CounterName[];
      seconds: number;
      before: number;
      factor: number;
      threshold: number;
      minEvents: number;
    }
  | { kind: 'count'; of: CounterName; seconds: number; threshold: number }
  /** A share of all durations takes no longer than this; it takes longer. */
  | {
      kind: 'quantile';
      of: TimingName;
      share: number;
      seconds: number;
      threshold: number;
      minEvents: number;
    }
  | { kind: 'above' | 'below'; of: GaugeName; threshold: number };

export interface RuleText {
  title: string;
  /** What it means, and what to do. */
  advice: string;
}

export interface AlertRule {
  name: string;
  layer: Layer;
  group: AlertGroup;
  severity: Severity;
  condition: Condition;
  /** Looks in a row, five seconds apart, that must find the condition broken before anybody is told. */
  failures: number;
  /** Looks in a row that must find it whole again before it counts as over. */
  recoveries: number;
  text: Readonly<Record<Language, RuleText>>;
}

export function isAtLeast(severity: Severity, minimum: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(minimum);
}
