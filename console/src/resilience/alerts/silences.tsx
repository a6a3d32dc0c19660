import { Button } from 'antd';
import { type AlertRule, endSilence } from '../../api/operations.ts';
import { formatDateTime } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { useFeedback } from '../../shell/use-feedback.ts';

interface SilencesProps {
  rules: readonly AlertRule[];
  /** Null for who may only look. */
  onChanged: (() => void) | null;
}

/** Rules of which nobody is told for a while. */
export function Silences({ rules, onChanged }: SilencesProps) {
  const t = useText();
  const language = useLanguage();
  const { fail } = useFeedback();
  const silenced = rules.filter(({ silenced_until }) => silenced_until !== null);
  if (silenced.length === 0) return null;
  return (
    <section aria-labelledby="silences">
      <h2 id="silences" className="section-title">
        {t('silence.title')}
      </h2>
      <ul className="lines">
        {silenced.map(({ id, text, silenced_until }) => (
          <li key={id} className="row-between">
            <span>
              <strong>{text[language].title}</strong>{' '}
              <span className="muted small">
                {t('silence.until', { time: formatDateTime(language, silenced_until ?? 0) })}
              </span>
            </span>
            {onChanged !== null && (
              <Button
                size="small"
                aria-label={t('silence.endOf', { title: text[language].title })}
                onClick={() => void endSilence(id).then(onChanged, fail)}
              >
                {t('silence.end')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
