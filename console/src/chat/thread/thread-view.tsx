import { ArrowDownOutlined } from '@ant-design/icons';
import { Button, Skeleton } from 'antd';
import { useEffect } from 'react';
import { useText } from '../../i18n/text.ts';
import { ErrorNotice } from '../../shell/error-notice.tsx';
import type { Source } from '../engine/citation-marks.ts';
import { currentChat } from '../engine/current-engine.ts';
import type { Thread } from '../engine/thread.ts';
import { TurnView } from './turn-view.tsx';
import { useStickToEnd } from './use-stick-to-end.ts';

export interface ThreadViewProps {
  conversationId: string;
  thread: Thread;
  baseIds: string[] | null;
  activeSource: Source | null;
  onOpenSource: (source: Source) => void;
}

export function ThreadView({ conversationId, thread, baseIds, activeSource, onOpenSource }: ThreadViewProps) {
  const t = useText();
  const { engine } = currentChat();
  const { scroller, content, isAtEnd, goToEnd } = useStickToEnd();
  const count = thread.turns.length;
  useEffect(() => goToEnd(), [count, goToEnd]);

  return (
    <div className="thread" ref={scroller}>
      <div className="thread-column" ref={content}>
        {thread.status === 'loading' && thread.turns.length === 0 && (
          <Skeleton active paragraph={{ rows: 6 }} />
        )}
        {thread.error !== null && (
          <ErrorNotice error={thread.error} onRetry={() => void engine.open(conversationId)} />
        )}
        {thread.turns.map((turn, position) => (
          <TurnView
            key={turn.key}
            conversationId={conversationId}
            turn={turn}
            isLast={position === count - 1}
            baseIds={baseIds}
            activeSource={activeSource}
            onOpenSource={onOpenSource}
          />
        ))}
      </div>
      {!isAtEnd && (
        <Button
          className="to-end"
          shape="circle"
          icon={<ArrowDownOutlined />}
          aria-label={t('thread.toEnd')}
          onClick={goToEnd}
        />
      )}
    </div>
  );
}
