import { useCallback, useEffect, useMemo, useState } from 'react';
import { listKnowledgeBases } from '../api/knowledge.ts';
import { session } from '../api/session.ts';
import { navigate } from '../shell/router.ts';
import { useIsWide } from '../shell/use-media.ts';
import { useObservable } from '../store/observable.ts';
import { useLoad } from '../store/use-load.ts';
import { Composer } from './composer/composer.tsx';
import { chosenBaseIds, type KnowledgeChoice, readChoice, writeChoice } from './composer/knowledge-choice.ts';
import { NEW_THREAD } from './engine/chat-engine.ts';
import type { Source } from './engine/citation-marks.ts';
import { currentChat } from './engine/current-engine.ts';
import { PassagePanel } from './passage/passage-panel.tsx';
import { ThreadView } from './thread/thread-view.tsx';
import { Welcome } from './thread/welcome.tsx';
import './chat.css';
import './answer.css';
import './passage.css';

export default function ChatRoom({ id }: { id: string | null }) {
  const conversationId = id ?? NEW_THREAD;
  const { engine } = currentChat();
  const { generation } = useObservable(session);
  const thread = useObservable(engine.thread(conversationId));
  const isWide = useIsWide();
  const [source, setSource] = useState<Source | null>(null);
  const [choice, setChoice] = useState<KnowledgeChoice>(readChoice);
  const bases = useLoad(`bases:${generation}`, listKnowledgeBases);

  useEffect(() => void engine.open(conversationId), [engine, conversationId, generation]);
  useEffect(() => setSource(null), [conversationId]);
  useFollowNewConversation(id);

  const baseIds = useMemo(() => chosenBaseIds(choice, bases.value), [choice, bases.value]);
  const ask = useCallback(
    (text: string) => engine.ask(conversationId, { text, knowledgeBaseIds: baseIds }),
    [engine, conversationId, baseIds],
  );
  const isEmpty = thread.status === 'ready' && thread.turns.length === 0;

  return (
    <div className="chat">
      <section className="chat-main">
        {isEmpty && id === null ? (
          <Welcome bases={bases.value} baseIds={baseIds} onAsk={ask} />
        ) : (
          <ThreadView
            key={conversationId}
            conversationId={conversationId}
            thread={thread}
            baseIds={baseIds}
            activeSource={source}
            onOpenSource={setSource}
          />
        )}
        <Composer
          key={`composer:${conversationId}`}
          conversationId={conversationId}
          thread={thread}
          bases={bases.value}
          choice={choice}
          onChoose={(next) => {
            writeChoice(next);
            setChoice(next);
          }}
          onAsk={ask}
        />
      </section>
      {source !== null && <PassagePanel source={source} isInline={isWide} onClose={() => setSource(null)} />}
    </div>
  );
}

/** When the conversation of a first question comes to exist, the address follows. */
function useFollowNewConversation(id: string | null): void {
  const { engine } = currentChat();
  useEffect(() => {
    const follow = () => {
      const created = engine.created.get();
      if (created === null) return;
      engine.created.set(null);
      if (id === null) navigate('chat', created, { replace: true });
    };
    // A question that was waiting in the browser may have been sent before this room was entered.
    follow();
    return engine.created.subscribe(follow);
  }, [id, engine]);
}
