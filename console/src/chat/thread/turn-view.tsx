import { Button } from 'antd';
import { memo, useEffect } from 'react';
import { ApiError } from '../../api/api-error.ts';
import { useText } from '../../i18n/text.ts';
import { ErrorNotice } from '../../shell/error-notice.tsx';
import { takeBack } from '../composer/draft.ts';
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
      {outgoing !== null && turn.sendError !== null && (
        <NotSent conversationId={conversationId} turn={turn} />
      )}
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

function NotSent({ conversationId, turn }: { conversationId: string; turn: Turn }) {
  const t = useText();
  const { engine } = currentChat();
  const { outgoing } = turn;
  if (outgoing === null) return null;
  // What the server refused it refuses again, unless the person changes it.
  const isRefused = turn.sendError instanceof ApiError && turn.sendError.isFinal;
  const mayEdit = isRefused && turn.responseId === null;
  const edit = () => {
    engine.withdraw(outgoing);
    takeBack(conversationId, outgoing.text);
  };
  return (
    <div className="not-sent">
      <ErrorNotice error={turn.sendError} />
      <div className="row-end">
        <Button size="small" onClick={() => engine.withdraw(outgoing)}>
          {turn.responseId === null ? t('thread.discard') : t('action.cancel')}
        </Button>
        {mayEdit ? (
          <Button size="small" type="primary" onClick={edit}>
            {t('thread.edit')}
          </Button>
        ) : (
          <Button size="small" type="primary" onClick={() => void engine.send(outgoing)}>
            {t('thread.sendAgain')}
          </Button>
        )}
      </div>
    </div>
  );
}
