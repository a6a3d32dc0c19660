import type { Alert, Modes, Queue, Severity, SystemStatus } from '../api/operations.ts';
import { formatDuration, formatNumber } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { hrefOf } from '../shell/router.ts';
import { missingWorkers } from './nodes/missing-workers.ts';

export interface SummaryProps {
  status: SystemStatus | null;
  queues: Queue[] | null;
  modes: Modes | null;
  firing: Alert[] | null;
}

interface Fact {
  tab: string;
  label: string;
  /** Null as long as it is not known. */
  value: string | null;
  note: string;
  tone: 'good' | 'warn' | 'bad';
}

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

/** The four things to know first, each a way to more. */
export function Summary(props: SummaryProps) {
  const t = useText();
  const facts = useFacts(props);
  return (
    <nav className="summary" aria-label={t('resilience.summary')}>
      {facts.map(({ tab, label, value, note, tone }) => (
        <a
          key={tab}
          href={hrefOf('resilience', tab)}
          className={`summary-card is-${value === null ? 'open' : tone}`}
        >
          <span className="muted small">{label}</span>
          <strong>{value ?? '–'}</strong>
          <span className="summary-note small">{value === null ? t('resilience.reading') : note}</span>
        </a>
      ))}
    </nav>
  );
}

function useFacts({ status, queues, modes, firing }: SummaryProps): Fact[] {
  const t = useText();
  const language = useLanguage();
  const processes = status?.processes ?? [];
  const notReady = processes.filter(({ state }) => state !== 'ready').length;
  const missing = missingWorkers(processes);
  const waiting = sum(queues, ({ waiting: count }) => count);
  const deferred = sum(queues, (queue) => queue.deferred);
  const longest = Math.max(0, ...(queues ?? []).map((queue) => queue.longest_wait_seconds ?? 0));
  const worst = SEVERITIES.find((severity) => firing?.some((alert) => alert.severity === severity));
  const mode = modes?.mode ?? null;
  return [
    {
      tab: 'modes',
      label: t('summary.mode'),
      value: modes === null ? null : mode === null ? t('summary.noMode') : t(`mode.${mode}`),
      note:
        mode === null
          ? t('summary.noModeText')
          : mode === 'full'
            ? t('summary.full')
            : t(`mode.${mode}.text`),
      tone: mode === 'full' ? 'good' : mode === 'deferred' || mode === null ? 'bad' : 'warn',
    },
    {
      tab: 'nodes',
      label: t('summary.processes'),
      value: status === null ? null : formatNumber(language, processes.length),
      note:
        missing > 0
          ? t('summary.missing', { count: missing })
          : notReady > 0
            ? t('summary.notReady', { count: notReady })
            : t('summary.allReady', { count: new Set(processes.map(({ node }) => node)).size }),
      tone: missing > 0 || notReady > 0 ? 'warn' : 'good',
    },
    {
      tab: 'runs',
      label: t('summary.waiting'),
      value: queues === null ? null : formatNumber(language, waiting + deferred),
      note:
        deferred > 0
          ? t('summary.deferred', { count: deferred })
          : waiting > 0
            ? t('summary.longest', { time: formatDuration(language, longest) })
            : t('summary.running', { count: sum(queues, ({ running }) => running) }),
      tone: deferred > 0 || longest > 30 ? 'warn' : 'good',
    },
    {
      tab: 'alerts',
      label: t('summary.alerts'),
      value: firing === null ? null : formatNumber(language, firing.length),
      note: worst === undefined ? t('summary.noAlerts') : t(`severity.${worst}`),
      tone: worst === undefined || worst === 'info' ? 'good' : worst === 'critical' ? 'bad' : 'warn',
    },
  ];
}

function sum(queues: readonly Queue[] | null, of: (queue: Queue) => number): number {
  return (queues ?? []).reduce((total, queue) => total + of(queue), 0);
}
