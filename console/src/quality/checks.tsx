import type { Comparison } from '../api/evaluation.ts';
import { formatPercent } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';

const TONES = { pass: 'good', fail: 'bad', inconclusive: 'warn' } as const;

export function VerdictMark({ verdict }: { verdict: keyof typeof TONES }) {
  const t = useText();
  return <span className={`state is-${TONES[verdict]}`}>{t(`quality.verdict.${verdict}`)}</span>;
}

/** What was looked at, and how it came out, with the figures that tell. */
export function Checks({ comparison }: { comparison: Comparison }) {
  const t = useText();
  const language = useLanguage();
  const share = (value: number | null) => (value === null ? '–' : formatPercent(language, value));
  return (
    <div className="stack">
      <ul className="lines">
        {comparison.checks.map((check) => (
          <li key={check.name} data-check={check.name} className="row-between">
            <span>
              <strong>{t(`check.${check.name}`)}</strong>{' '}
              <span className="muted small">
                {t(`checkReason.${check.reason}`)}
                {check.before !== null && check.after !== null && (
                  <>
                    {' '}
                    · {t('quality.beforeAfter', { before: share(check.before), after: share(check.after) })}
                  </>
                )}
                {check.lost !== null && check.gained !== null && check.lost + check.gained > 0 && (
                  <>
                    {' '}
                    ·{' '}
                    {t('quality.changes', {
                      lost: check.lost,
                      gained: check.gained,
                      p: (check.p ?? 1).toFixed(4),
                    })}
                  </>
                )}
              </span>
            </span>
            <VerdictMark verdict={check.verdict} />
          </li>
        ))}
      </ul>
      {comparison.changed.length > 0 && (
        <p className="muted small">
          {t('quality.changed')}{' '}
          {comparison.changed
            .map(({ name, before, after }) => `${name}: ${before ?? '–'} → ${after ?? '–'}`)
            .join(' · ')}
        </p>
      )}
    </div>
  );
}
