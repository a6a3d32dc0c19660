import type { Alert } from '../../api/operations.ts';
import { formatDateTime } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import type { LivePicture } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';
import { Advice } from './advice.tsx';
import { byRule } from './by-rule.ts';

/** What was wrong lately and is over, one line for each rule. */
export function RecentAlerts({ resolved }: { resolved: LivePicture<Alert[]> }) {
  const t = useText();
  const language = useLanguage();
  return (
    <section aria-labelledby="resolved">
      <h2 id="resolved" className="section-title">
        {t('alert.resolved')}
      </h2>
      <FirstPicture of={resolved} />
      {resolved.value?.length === 0 && <p className="muted">{t('alert.noneResolved')}</p>}
      <ul className="lines">
        {byRule(resolved.value ?? []).map(({ rule, alerts, firstAt, lastAt, severity }) => {
          const text = alerts[0]?.text[language] ?? { title: rule, advice: '' };
          return (
            <li key={rule} data-rule={rule}>
              <details>
                <summary>
                  <strong>{text.title}</strong>{' '}
                  <span className="muted small">
                    {t(`severity.${severity}`)} · {formatDateTime(language, firstAt)}
                    {lastAt !== null && ` – ${formatDateTime(language, lastAt)}`}
                    {alerts.length > 1 && ` · ${t('alert.times', { count: alerts.length })}`}
                  </span>
                </summary>
                <Advice text={text.advice} />
              </details>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
