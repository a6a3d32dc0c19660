/** The built-in alert rules as Prometheus reads them: the same conditions, the same times, the same words. */
import { stringify } from 'yaml';
import { LEDGER_UNAVAILABLE } from '../../src/health/alerts/outage.ts';
import type { AlertRule, Condition } from '../../src/health/alerts/rule.ts';
import { ALERT_RULES } from '../../src/health/alerts/rules.ts';
import {
  type CounterName,
  gaugeDescription,
  isKeyed,
  type TimingName,
} from '../../src/health/signals/signals.ts';

const HEAD = `# Budao's built-in alerts as rules of Prometheus, made by scripts/make-monitoring.ts: change the rules there.
# Every API node shows the whole installation, so rules take the largest of them, never the sum. docs/guides/alerts.md
# says of each alert what to do.
`;
/** How often Budao itself looks: its rules count looks in a row. */
const LOOK_SECONDS = 5;
const PREFIX = 'budao_installation_';

interface PrometheusRule {
  alert: string;
  expr: string;
  for?: string;
  keep_firing_for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export function prometheusRules(): string {
  const groups = [
    {
      name: 'budao',
      interval: '15s',
      rules: [...ALERT_RULES.map(toPrometheus), ledgerUnavailable(), away()],
    },
  ];
  return HEAD + stringify({ groups }, { lineWidth: 118 });
}

export function alertName(name: string): string {
  const words = name.split('-').map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`);
  return `Budao${words.join('')}`;
}

function toPrometheus(rule: AlertRule): PrometheusRule {
  const { failures, recoveries } = rule;
  return {
    alert: alertName(rule.name),
    expr: expressionOf(rule),
    ...(failures > 1 ? { for: seconds(failures * LOOK_SECONDS) } : {}),
    keep_firing_for: seconds(recoveries * LOOK_SECONDS),
    ...said(rule),
  };
}

type Spoken = Pick<AlertRule, 'name' | 'layer' | 'group' | 'severity' | 'text'>;

function said({
  name,
  layer,
  group,
  severity,
  text,
}: Spoken): Pick<PrometheusRule, 'labels' | 'annotations'> {
  return {
    labels: { severity, layer, group, rule: name },
    annotations: {
      summary: text.en.title,
      description: text.en.advice,
      summary_zh: text.zh.title,
      description_zh: text.zh.advice,
      runbook: `docs/guides/alerts.md#${name}`,
    },
  };
}

/** The ledger's outage is no rule of signals: they are read from the ledger. */
function ledgerUnavailable(): PrometheusRule {
  return {
    alert: alertName(LEDGER_UNAVAILABLE.name),
    expr: 'max(budao_ledger_up) == 0',
    for: '30s',
    keep_firing_for: '1m',
    ...said({ ...LEDGER_UNAVAILABLE, layer: 'service', group: 'ledger' }),
  };
}

/** What nobody can say of himself. */
function away(): PrometheusRule {
  return {
    alert: 'BudaoAway',
    expr: 'absent(budao_ledger_up)',
    for: '1m',
    labels: { severity: 'critical', layer: 'service', group: 'processes', rule: 'away' },
    annotations: {
      summary: 'No API node can be reached',
      description:
        'Prometheus reads metrics from no API node. Look whether the pods or services run, and whether the network policy lets Prometheus in.',
      summary_zh: '无法访问任何 API 节点',
      description_zh:
        'Prometheus 从任何 API 节点都读不到指标。请检查 Pod 或服务是否在运行，网络策略是否允许 Prometheus 访问。',
      runbook: 'docs/guides/kubernetes.md',
    },
  };
}

function expressionOf({ layer, condition }: AlertRule): string {
  switch (condition.kind) {
    case 'above':
    case 'below': {
      const by = layer === 'machine' ? 'host' : isKeyed(condition.of) ? 'name' : null;
      const combine = gaugeDescription(condition.of).combine === 'min' ? 'min' : 'max';
      const value = `${combine}${by === null ? '' : ` by (${by}) `}(${PREFIX}${condition.of})`;
      return `${value} ${condition.kind === 'above' ? '>' : '<'} ${condition.threshold}`;
    }
    case 'count':
      return `${grown(condition.of, condition.seconds)} >= ${condition.threshold}`;
    case 'quantile': {
      const { of, share, seconds: window, threshold, minEvents } = condition;
      const buckets = `max by (le) (increase(${timing(of)}_bucket[${window}s]))`;
      const count = `max(increase(${timing(of)}_count[${window}s]))`;
      return `histogram_quantile(${share}, ${buckets}) > ${threshold} and ${count} >= ${minEvents}`;
    }
    case 'ratio':
      return `${shareOf(condition)} >= ${condition.threshold} and ${enough(condition)}`;
    case 'rise': {
      const { before, seconds: window, factor, threshold } = condition;
      const now = shareOf(condition);
      const then = shareOf({ ...condition, seconds: before }, window);
      return `${now} >= ${threshold} and ${now} >= ${factor} * ${then} and ${enough(condition)}`;
    }
  }
}

type Share = Extract<Condition, { kind: 'ratio' | 'rise' }>;

function shareOf(
  { of, to, seconds: window }: Pick<Share, 'of' | 'to' | 'seconds'>,
  endedSecondsAgo = 0,
): string {
  const all = to.map((name) => grown(name, window, endedSecondsAgo)).join(' + ');
  return `(${grown(of, window, endedSecondsAgo)} / (${all}))`;
}

function enough({ of, seconds: window, minEvents }: Share): string {
  return `${grown(of, window)} >= ${minEvents}`;
}

/** Each node adds up what all have counted since it was started: whoever has seen most has seen all. */
function grown(name: CounterName, window: number, endedSecondsAgo = 0): string {
  const offset = endedSecondsAgo === 0 ? '' : ` offset ${endedSecondsAgo}s`;
  return `max(sum by (instance) (increase(${PREFIX}${name}_total[${window}s]${offset})))`;
}

function timing(name: TimingName): string {
  return `${PREFIX}${name}_seconds`;
}

function seconds(count: number): string {
  return count % 60 === 0 ? `${count / 60}m` : `${count}s`;
}
