import { DeleteOutlined, DownloadOutlined, EditOutlined, EllipsisOutlined } from '@ant-design/icons';
import { Button, Dropdown, Input, type InputRef } from 'antd';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { deleteConversation, exportConversation, renameConversation } from '../../api/conversations.ts';
import type { Conversation } from '../../api/types.ts';
import { useText } from '../../i18n/text.ts';
import { download } from '../../shell/download.ts';
import { hrefOf, navigate } from '../../shell/router.ts';
import { useFeedback } from '../../shell/use-feedback.ts';
import { currentChat } from '../engine/current-engine.ts';

export interface ConversationRowProps {
  conversation: Conversation;
  isActive: boolean;
  onChosen: () => void;
}

export function ConversationRow({ conversation, isActive, onChosen }: ConversationRowProps) {
  const t = useText();
  const [renaming, setRenaming] = useState(false);
  const title = conversation.title || t('chat.untitled');
  if (renaming) {
    return (
      <li>
        <RenameField conversation={conversation} onDone={() => setRenaming(false)} />
      </li>
    );
  }
  return (
    <li className={isActive ? 'conversation is-active' : 'conversation'}>
      <a
        href={hrefOf('chat', conversation.id)}
        aria-current={isActive ? 'page' : undefined}
        title={title}
        onClick={onChosen}
        onDoubleClick={() => setRenaming(true)}
      >
        {conversation.active_response_id != null && (
          <span className="pulse" aria-label={t('answer.writing')} />
        )}
        <span className="conversation-title">{title}</span>
      </a>
      <RowMenu
        conversation={conversation}
        title={title}
        isActive={isActive}
        onRename={() => setRenaming(true)}
      />
    </li>
  );
}

interface RowMenuProps {
  conversation: Conversation;
  title: string;
  isActive: boolean;
  onRename: () => void;
}

function RowMenu({ conversation, title, isActive, onRename }: RowMenuProps) {
  const t = useText();
  const { confirm, fail } = useFeedback();
  const { id } = conversation;

  const remove = async () => {
    const text = t('chat.deleteText', { title });
    if (!(await confirm({ title: t('chat.deleteTitle'), text, action: t('action.delete'), danger: true })))
      return;
    await deleteConversation(id);
    const { engine, index } = currentChat();
    index.remove(id);
    engine.forget(id);
    if (isActive) navigate('chat', null, { replace: true });
  };
  const save = async (format: 'markdown' | 'json') => {
    const extension = format === 'markdown' ? 'md' : 'json';
    download(await exportConversation(id, format), `${safeFilename(title)}.${extension}`);
  };
  const choose = ({ key, domEvent }: { key: string; domEvent: { stopPropagation: () => void } }) => {
    domEvent.stopPropagation();
    if (key === 'rename') onRename();
    else if (key === 'delete') remove().catch(fail);
    else save(key === 'json' ? 'json' : 'markdown').catch(fail);
  };

  return (
    <Dropdown
      trigger={['click']}
      menu={{
        onClick: choose,
        items: [
          { key: 'rename', icon: <EditOutlined />, label: t('action.rename') },
          { key: 'markdown', icon: <DownloadOutlined />, label: t('chat.exportMarkdown') },
          { key: 'json', icon: <DownloadOutlined />, label: t('chat.exportJson') },
          { type: 'divider' },
          { key: 'delete', icon: <DeleteOutlined />, label: t('action.delete'), danger: true },
        ],
      }}
    >
      <Button
        type="text"
        size="small"
        className="conversation-more"
        icon={<EllipsisOutlined />}
        aria-label={t('chat.menuOf', { title })}
      />
    </Dropdown>
  );
}

function RenameField({ conversation, onDone }: { conversation: Conversation; onDone: () => void }) {
  const t = useText();
  const { fail } = useFeedback();
  const [title, setTitle] = useState(conversation.title ?? '');
  const field = useRef<InputRef>(null);
  const isOver = useRef(false);
  useEffect(() => field.current?.focus({ cursor: 'all' }), []);

  const finish = (keep: boolean) => {
    if (isOver.current) return;
    isOver.current = true;
    const wanted = title.trim();
    onDone();
    if (!keep || wanted === '' || wanted === conversation.title) return;
    const { index } = currentChat();
    index.rename(conversation.id, wanted);
    renameConversation(conversation.id, wanted).catch((error: unknown) => {
      index.rename(conversation.id, conversation.title ?? '');
      fail(error);
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter') finish(true);
    if (event.key === 'Escape') finish(false);
  };

  return (
    <Input
      ref={field}
      size="small"
      value={title}
      maxLength={200}
      aria-label={t('action.rename')}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={() => finish(true)}
      onKeyDown={onKeyDown}
    />
  );
}

function safeFilename(title: string): string {
  return (
    title
      .replaceAll(/[\\/:*?"<>|\p{Cc}]/gu, ' ')
      .trim()
      .slice(0, 60) || 'conversation'
  );
}
