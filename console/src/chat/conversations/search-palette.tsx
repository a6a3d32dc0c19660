import { SearchOutlined } from '@ant-design/icons';
import { Input, Modal } from 'antd';
import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { listConversations } from '../../api/conversations.ts';
import { formatDateTime } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { ErrorNotice } from '../../shell/error-notice.tsx';
import { navigate } from '../../shell/router.ts';
import { useFocusReturn } from '../../shell/use-focus-return.ts';
import { useLoad } from '../../store/use-load.ts';

const typingPauseMs = 150;

/** Finds a conversation by its title or its texts. */
export default function SearchPalette({ onClose }: { onClose: () => void }) {
  const t = useText();
  const language = useLanguage();
  const listId = useId();
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const [enterIsPending, setEnterIsPending] = useState(false);
  useFocusReturn();
  const query = usePaused(typed.trim());
  const found = useLoad(query, (signal) => listConversations({ query, limit: 20, signal }));
  const conversations = found.value?.data ?? [];
  const isCurrent = query === typed.trim() && !found.loading;

  const open = (position: number) => {
    const chosen = conversations[position];
    if (chosen === undefined) return;
    navigate('chat', chosen.id);
    onClose();
  };
  // Whoever types and presses Enter at once means what is found for these words, not what is still listed.
  useEffect(() => {
    if (!enterIsPending || !isCurrent) return;
    setEnterIsPending(false);
    open(0);
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') setActive(Math.min(active + 1, conversations.length - 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0));
    else if (event.key === 'Enter' && isCurrent) open(active);
    else if (event.key === 'Enter') setEnterIsPending(true);
    else return;
    event.preventDefault();
  };

  return (
    <Modal
      open
      onCancel={onClose}
      footer={null}
      closable={false}
      width={560}
      className="palette"
      title={null}
    >
      <Input
        size="large"
        variant="borderless"
        autoFocus
        prefix={<SearchOutlined />}
        placeholder={t('search.placeholder')}
        aria-label={t('search.placeholder')}
        role="combobox"
        aria-expanded={conversations.length > 0}
        aria-controls={listId}
        aria-activedescendant={conversations.length > 0 ? `${listId}-${active}` : undefined}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setActive(0);
          setEnterIsPending(false);
        }}
        onKeyDown={onKeyDown}
      />
      {found.error !== null && <ErrorNotice error={found.error} onRetry={() => void found.reload()} />}
      <div id={listId} role="listbox" aria-label={t('chat.conversations')} className="palette-list">
        {conversations.map(({ id, title, updated_at, created_at }, position) => (
          <div
            key={id}
            id={`${listId}-${position}`}
            role="option"
            tabIndex={-1}
            aria-selected={position === active}
            onMouseMove={() => setActive(position)}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => open(position)}
          >
            <span>{title || t('chat.untitled')}</span>
            <small>{formatDateTime(language, updated_at ?? created_at)}</small>
          </div>
        ))}
      </div>
      {found.value !== null && conversations.length === 0 && (
        <p className="palette-empty">{t(query === '' ? 'chat.noConversations' : 'search.nothing')}</p>
      )}
    </Modal>
  );
}

function usePaused(text: string): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), typingPauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  return paused;
}
