import { Button } from 'antd';
import { memo, useEffect } from 'react';
import { useText } from '../../i18n/text.ts';
import { ErrorNotice } from '../../shell/error-notice.tsx';
import { NEW_THREAD } from '../engine/chat-engine.ts';
import type { Source } from '../engine/citation-marks.ts';
import { currentChat } from '../engine/current-engine.ts';
import type { Turn } from '../engine/thread.ts';
import { AnswerView } from './answer-view.tsx';
import { Writing } from './writing.tsx';

export interface TurnViewProps {
  conversationId: string;
  turn: Turn;
  isLast: boolean;
  baseIds: string[] | null;
  activeSource: Source | null;
  onOpenSource: (source: Source) => void;
}

/** A question with its answer, or with what keeps it from being asked. */
export const TurnView = memo(function TurnView(props: TurnViewProps) {
  const { conversationId, turn, isLast, baseIds, activeSource, onOpenSource } = props;
  const t = useText();
  const { engine } = currentChat();
  const { responseId, outgoing } = turn;
  useEffect(() => {
    if (responseId !== null && outgoing === null) engine.follow(responseId);
  }, [engine, responseId, outgoing]);

  const isSending = outgoing !== null && turn.sendError === null;
  return (
    <article className="turn">
      {turn.question !== '' && (
        <div className="question">
          <h2 className="visually-hidden">{t('thread.you')}</h2>
          <p>{turn.question}</p>
        </div>
      )}
      {isSending && <Writing label={t('answer.sending')} />}
      {outgoing !== null && turn.sendError !== null && <NotSent turn={turn} />}
      {responseId !== null && !isSending && (
        <AnswerView
          responseId={responseId}
          activeSource={activeSource}
          onOpenSource={onOpenSource}
          onRegenerate={
            isLast && conversationId !== NEW_THREAD && outgoing === null && turn.question !== ''
              ? () => engine.regenerate(conversationId, turn, baseIds)
              : null
          }
        />
      )}
    </article>
  );
});

function NotSent({ turn }: { turn: Turn }) {
  const t = useText();
  const { engine } = currentChat();
  const { outgoing } = turn;
  if (outgoing === null) return null;
  return (
    <div className="not-sent">
      <ErrorNotice error={turn.sendError} />
      <div className="row-end">
        <Button size="small" onClick={() => engine.withdraw(outgoing)}>
          {turn.responseId === null ? t('thread.discard') : t('action.cancel')}
        </Button>
        <Button size="small" type="primary" onClick={() => void engine.send(outgoing)}>
          {t('thread.sendAgain')}
        </Button>
      </div>
    </div>
  );
}
