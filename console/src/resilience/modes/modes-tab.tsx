import type { Modes } from '../../api/operations.ts';
import { formatDateTime } from '../../i18n/format.ts';
import { hasText, useLanguage, useText } from '../../i18n/text.ts';
import { useIsPhone } from '../../shell/use-media.ts';
import type { LivePicture } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';
import { AllowedModes } from './allowed-modes.tsx';
import { Dependencies } from './dependencies.tsx';

const MODES = ['full', 'fallback-model', 'keyword-only', 'no-knowledge', 'extractive', 'deferred'] as const;

export function ModesTab({ modes }: { modes: LivePicture<Modes> }) {
  return (
    <div className="stack-wide">
      <FirstPicture of={modes} />
      {modes.value !== null && <CurrentMode modes={modes.value} />}
      <Dependencies onChanged={modes.readNow} />
      {modes.value !== null && <ModeLadder modes={modes.value} />}
      {modes.value !== null && <AllowedModes own={modes.value.allowed_modes} onChanged={modes.readNow} />}
    </div>
  );
}

/** What an answer would be like now; processes may see it differently for a moment. */
function CurrentMode({ modes }: { modes: Modes }) {
  const t = useText();
  const language = useLanguage();
  if (modes.current.length === 0) return <p className="notice is-bad">{t('summary.noModeText')}</p>;
  return (
    <div className="stack-wide">
      {modes.current.map(({ mode, mode_reason, mode_reason_code, since, processes }) => {
        const key = `modeReason.${mode_reason_code ?? ''}`;
        const reason = hasText(key) ? t(key) : mode_reason;
        return (
          <div key={mode} className={`notice is-${toneOf(mode)}`} data-current-mode={mode}>
            <strong>{t('modes.now', { mode: t(`mode.${mode}`) })}</strong>
            <span>{t(`mode.${mode}.text`)}</span>
            {reason !== null && <span>{t('mode.reason', { reason })}</span>}
            <span className="muted small">
              {since !== null && t('modes.since', { time: formatDateTime(language, since) })}
              {modes.current.length > 1 && ` ${t('modes.seenBy', { count: processes })}`}
              {modes.deferred_answers > 0 && ` ${t('summary.deferred', { count: modes.deferred_answers })}`}
            </span>
          </div>
        );
      })}
    </div>
  );
}

function toneOf(mode: string): 'good' | 'warn' | 'bad' {
  if (mode === 'full') return 'good';
  return mode === 'deferred' ? 'bad' : 'warn';
}

/** Every mode, best first: what leads to it and what leads back. */
function ModeLadder({ modes }: { modes: Modes }) {
  const t = useText();
  const isPhone = useIsPhone();
  const current = new Set(modes.current.map(({ mode }) => mode));
  return (
    <details className="folded" open={!isPhone}>
      <summary>
        <h2 className="section-title">
          {t('modes.ladder')} <span className="muted small">{t('modes.ladderText')}</span>
        </h2>
      </summary>
      <table className="grid-table">
        <thead>
          <tr>
            <th scope="col">{t('modes.mode')}</th>
            <th scope="col">{t('modes.trigger')}</th>
            <th scope="col">{t('modes.wayBack')}</th>
          </tr>
        </thead>
        <tbody>
          {MODES.map((mode) => (
            <tr key={mode} className={current.has(mode) ? 'is-current' : undefined}>
              <th scope="row">
                {t(`mode.${mode}`)}
                {current.has(mode) && <span className="state is-open">{t('modes.current')}</span>}
              </th>
              <td data-label={t('modes.trigger')}>{t(`modeTrigger.${mode}`)}</td>
              <td data-label={t('modes.wayBack')}>{t(`modeReturn.${mode}`)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
