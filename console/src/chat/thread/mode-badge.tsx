import { Popover } from 'antd';
import type { AnswerMode } from '../../api/types.ts';
import { hasText, type Translate, useText } from '../../i18n/text.ts';
import type { Answer } from '../engine/answer.ts';

/** A page that was loaded before the server was updated shows the server's words. */
export function modeReason(t: Translate, { modeReason, modeReasonCode }: Answer): string | null {
  const key = `modeReason.${modeReasonCode ?? ''}`;
  return hasText(key) ? t(key) : modeReason;
}

/** How the answer came about; a click explains it. */
export function ModeBadge({ mode, reason }: { mode: AnswerMode; reason: string | null }) {
  const t = useText();
  const explanation = (
    <div className="mode-text">
      <p>{t(`mode.${mode}.text`)}</p>
      {reason !== null && <p className="muted">{t('mode.reason', { reason })}</p>}
    </div>
  );
  return (
    <Popover content={explanation} title={t(`mode.${mode}`)} trigger="click" placement="topLeft">
      <button
        type="button"
        className={`mode mode-${mode}`}
        aria-label={t('mode.label', { mode: t(`mode.${mode}`) })}
      >
        {t(`mode.${mode}`)}
      </button>
    </Popover>
  );
}
