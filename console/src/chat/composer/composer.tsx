import { ArrowUpOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef } from 'react';
import type { KnowledgeBase } from '../../api/types.ts';
import { useText } from '../../i18n/text.ts';
import { useIsPhone } from '../../shell/use-media.ts';
import { currentChat } from '../engine/current-engine.ts';
import type { Thread } from '../engine/thread.ts';
import { useIsBusy } from '../engine/use-answer.ts';
import { useDraft } from './draft.ts';
import type { KnowledgeChoice } from './knowledge-choice.ts';
import { KnowledgePicker } from './knowledge-picker.tsx';

export interface ComposerProps {
  conversationId: string;
  thread: Thread;
  bases: readonly KnowledgeBase[] | null;
  choice: KnowledgeChoice;
  onChoose: (choice: KnowledgeChoice) => void;
  onAsk: (text: string) => void;
}

const maxHeightPx = 220;
/** Some browsers end the composition before they tell of the key; they mark such a key with this code. */
const compositionKeyCode = 229;

export function Composer({ conversationId, thread, bases, choice, onChoose, onAsk }: ComposerProps) {
  const t = useText();
  const isPhone = useIsPhone();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useDraft(conversationId);
  const last = thread.turns.at(-1);
  const isBusy = useIsBusy(last);
  const stop = () => last !== undefined && currentChat().engine.stop(last);
  useGrowingHeight(field, text);
  useEffect(() => {
    if (!isPhone) field.current?.focus();
  }, [isPhone]);
  useEscape(isBusy, stop);

  const send = () => {
    const question = text.trim();
    if (question === '' || isBusy) return;
    setText('');
    onAsk(question);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey) return;
    if (event.nativeEvent.isComposing || event.nativeEvent.keyCode === compositionKeyCode) return;
    event.preventDefault();
    send();
  };

  return (
    <div className="composer-dock">
      <form
        className="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder={t('composer.placeholder')}
          aria-label={t('composer.label')}
          enterKeyHint="send"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <div className="composer-bar">
          <KnowledgePicker bases={bases} choice={choice} onChoose={onChoose} />
          {isBusy ? (
            <Button
              shape="circle"
              className="composer-stop"
              aria-label={t('composer.stop')}
              title={`${t('composer.stop')} (Esc)`}
              icon={<span className="stop-square" />}
              onClick={stop}
            />
          ) : (
            <Button
              type="primary"
              shape="circle"
              htmlType="submit"
              disabled={text.trim() === ''}
              aria-label={t('composer.send')}
              icon={<ArrowUpOutlined />}
            />
          )}
        </div>
      </form>
      <p className="composer-hint">{t('composer.hint')}</p>
    </div>
  );
}

function useGrowingHeight(field: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight, maxHeightPx)}px`;
  }, [field, text]);
}

function useEscape(isActive: boolean, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    if (!isActive) return;
    const listen = (event: globalThis.KeyboardEvent) => {
      // An open dialog, drawer or menu closes on Escape itself.
      const isElsewhere =
        document.querySelector('.ant-modal-wrap:not([style*="none"]), .ant-drawer-open') !== null;
      if (event.key === 'Escape' && !event.defaultPrevented && !event.isComposing && !isElsewhere)
        latest.current();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [isActive]);
}
