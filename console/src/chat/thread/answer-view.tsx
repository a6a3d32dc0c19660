import { useMemo } from 'react';
import { failureText, inOneLine } from '../../i18n/error-text.ts';
import { useText } from '../../i18n/text.ts';
import { type Answer, isDeferred, isFinished, visibleText } from '../engine/answer.ts';
import { type Source, sourcesOf } from '../engine/citation-marks.ts';
import { useAnswer } from '../engine/use-answer.ts';
import { AnswerActions } from './answer-actions.tsx';
import { AnswerText } from './answer-text.tsx';
import { ModeBadge, modeReason } from './mode-badge.tsx';
import { SourceList } from './source-list.tsx';
import { Writing } from './writing.tsx';

export interface AnswerViewProps {
  responseId: string;
  activeSource: Source | null;
  onOpenSource: (source: Source) => void;
  onRegenerate: (() => void) | null;
}

export function AnswerView({ responseId, activeSource, onOpenSource, onRegenerate }: AnswerViewProps) {
  const t = useText();
  const answer = useAnswer(responseId);
  const text = visibleText(answer);
  const finished = isFinished(answer);
  const sources = useMemo(() => sourcesOf(text, answer.citations), [text, answer.citations]);

  return (
    <div className="answer" aria-busy={!finished}>
      <h2 className="visually-hidden">{t('thread.assistant')}</h2>
      {answer.reasoning !== '' && (
        <details className="reasoning">
          <summary>{text === '' && !finished ? t('answer.thinking') : t('answer.reasoning')}</summary>
          <p>{answer.reasoning}</p>
        </details>
      )}
      {text !== '' && (
        <AnswerText
          text={text}
          isFinished={finished}
          sources={sources}
          activeSource={activeSource}
          onOpenSource={onOpenSource}
        />
      )}
      {!finished && text === '' && <Writing label={waitingLabel(t, answer)} />}
      {isDeferred(answer) && <Deferral answer={answer} />}
      {!finished && answer.connection === 'broken' && (
        <p className="reconnecting" role="status">
          {t('answer.reconnecting')}
        </p>
      )}
      {finished && <Ending answer={answer} />}
      {sources.length > 0 && (
        <SourceList sources={sources} activeSource={activeSource} onOpen={onOpenSource} />
      )}
      {finished && <AnswerActions answer={answer} onRegenerate={onRegenerate} />}
    </div>
  );
}

/** Why the question is kept; the answer appears here by itself, also when nobody watches. */
function Deferral({ answer }: { answer: Answer }) {
  const t = useText();
  const reason = modeReason(t, answer);
  return (
    <div className="deferral" role="status">
      <ModeBadge mode="deferred" reason={reason} />
      <span className="muted">
        {reason === null ? t('mode.deferred.text') : t('mode.reason', { reason })}
      </span>
    </div>
  );
}

function waitingLabel(t: ReturnType<typeof useText>, answer: Answer): string {
  if (answer.searching) return t('answer.searching');
  if (isDeferred(answer)) return t('answer.deferred');
  return answer.status === 'queued' ? t('answer.queued') : t('answer.writing');
}

/** Why an answer stops where it stops, when that is not its natural end. */
function Ending({ answer }: { answer: Answer }) {
  const t = useText();
  if (answer.status === 'completed') return null;
  if (answer.status === 'cancelled') return <p className="ending">{t('answer.stopped')}</p>;
  if (answer.status === 'incomplete') {
    if (answer.incompleteReason === 'cancelled') return <p className="ending">{t('answer.stopped')}</p>;
    if (answer.incompleteReason === 'max_output_tokens')
      return <p className="ending">{t('answer.tooLong')}</p>;
    if (answer.incompleteReason === 'content_filter') return <p className="ending">{t('answer.filtered')}</p>;
    return <p className="ending">{t('answer.interrupted')}</p>;
  }
  const failure = failureText(t, answer.failure?.code ?? null, answer.failure?.message ?? '');
  return (
    <p className="ending is-bad" role="alert">
      {inOneLine(t, failure)}
    </p>
  );
}
