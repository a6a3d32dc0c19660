import { Button } from 'antd';
import { useEffect } from 'react';
import { session } from '../../api/session.ts';
import { useText } from '../../i18n/text.ts';
import { ErrorNotice } from '../../shell/error-notice.tsx';
import { useFeedback } from '../../shell/use-feedback.ts';
import { useObservable } from '../../store/observable.ts';
import { currentChat } from '../engine/current-engine.ts';
import { ConversationRow } from './conversation-row.tsx';
import { groupByAge } from './group-by-age.ts';

export function ConversationList({ activeId, onChosen }: { activeId: string | null; onChosen: () => void }) {
  const t = useText();
  const { index } = currentChat();
  const { fail } = useFeedback();
  const { generation } = useObservable(session);
  const { status, error, conversations, hasMore } = useObservable(index.state);
  useEffect(() => void index.reload(), [index, generation]);

  return (
    <nav className="conversations" aria-label={t('chat.conversations')}>
      {status === 'failed' && <ErrorNotice error={error} onRetry={() => void index.reload()} />}
      {status === 'ready' && conversations.length === 0 && (
        <p className="muted">{t('chat.noConversations')}</p>
      )}
      {groupByAge(conversations, new Date()).map(({ group, conversations: own }) => (
        <section key={group}>
          <h2>{t(`age.${group}`)}</h2>
          <ul>
            {own.map((conversation) => (
              <ConversationRow
                key={conversation.id}
                conversation={conversation}
                isActive={conversation.id === activeId}
                onChosen={onChosen}
              />
            ))}
          </ul>
        </section>
      ))}
      {hasMore && (
        <Button type="text" size="small" block onClick={() => index.loadMore().catch(fail)}>
          {t('action.more')}
        </Button>
      )}
    </nav>
  );
}
