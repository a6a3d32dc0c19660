import { Button, Dropdown } from 'antd';
import { acknowledgeAlert, silenceRule } from '../../api/operations.ts';
import { formatDateTime, formatDuration } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { useFeedback } from '../../shell/use-feedback.ts';
import { nameOf } from '../modes/dependency-name.ts';
import { Advice } from './advice.tsx';
import type { AlertGroup } from './by-rule.ts';

const SILENCES_SECONDS = [3_600, 8 * 3_600, 86_400];
const TONES = { critical: 'bad', warning: 'warn', info: 'open' } as const;

interface FiringCardProps {
  group: AlertGroup;
  silencedUntil: number | null;
  /** Null for who may only look. */
  onChanged: (() => void) | null;
}

export function FiringCard({ group, silencedUntil, onChanged }: FiringCardProps) {
  const t = useText();
  const language = useLanguage();
  const { tell, fail } = useFeedback();
  const { rule, severity, alerts, firstAt } = group;
  const text = alerts[0]?.text[language] ?? { title: rule, advice: '' };
  const subjects = alerts.flatMap(({ subject }) => (subject === '' ? [] : [nameOf(t, subject)]));
  const open = alerts.filter(({ acknowledged_at }) => acknowledged_at === null);
  const change = (work: Promise<unknown>, told: string) =>
    work.then(() => {
      tell(told);
      onChanged?.();
    }, fail);
  return (
    <li className={`card is-${TONES[severity]}`} data-rule={rule}>
      <div className="card-head">
        <strong>{text.title}</strong>
        <span className={`state is-${TONES[severity]}`}>{t(`severity.${severity}`)}</span>
      </div>
      <p className="muted small">
        {t('alert.since', { time: formatDateTime(language, firstAt) })}
        {alerts.length > 1 && ` · ${t('alert.count', { count: alerts.length })}`}
        {subjects.length > 0 && ` · ${t('alert.about', { subjects: subjects.slice(0, 12).join(', ') })}`}
        {open.length === 0 && ` · ${t('alert.acknowledged')}`}
        {silencedUntil !== null &&
          ` · ${t('alert.silenced', { time: formatDateTime(language, silencedUntil) })}`}
      </p>
      <Advice text={text.advice} />
      {onChanged !== null && (
        <div className="row-end">
          {open.length > 0 && (
            <Button
              size="small"
              aria-label={t('alert.acknowledgeOf', { title: text.title })}
              onClick={() =>
                void change(
                  Promise.all(open.map(({ id }) => acknowledgeAlert(id))),
                  t('alert.acknowledgedDone'),
                )
              }
            >
              {t('alert.acknowledge')}
            </Button>
          )}
          {silencedUntil === null && (
            <Dropdown
              trigger={['click']}
              menu={{
                items: SILENCES_SECONDS.map((seconds) => ({
                  key: String(seconds),
                  label: formatDuration(language, seconds),
                })),
                onClick: ({ key }) => void change(silenceRule(rule, Number(key)), t('alert.silencedDone')),
              }}
            >
              <Button size="small" aria-label={t('alert.silenceOf', { title: text.title })}>
                {t('alert.silence')}
              </Button>
            </Dropdown>
          )}
        </div>
      )}
    </li>
  );
}
