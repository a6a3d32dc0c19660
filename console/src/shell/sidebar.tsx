import { PlusOutlined, SearchOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { currentWorkspace, session } from '../api/session.ts';
import { ConversationList } from '../chat/conversations/conversation-list.tsx';
import { useText } from '../i18n/text.ts';
import { useObservable } from '../store/observable.ts';
import { AccountMenu } from './account-menu.tsx';
import { Logo } from './logo.tsx';
import { roomsFor } from './rooms.ts';
import { hrefOf, navigate, useRoute } from './router.ts';

export interface SidebarProps {
  onSearch: () => void;
  onChangePassword: () => void;
  /** Something was chosen: a drawer closes. */
  onChosen: () => void;
}

export function Sidebar({ onSearch, onChangePassword, onChosen }: SidebarProps) {
  const t = useText();
  const route = useRoute();
  const workspace = currentWorkspace(useObservable(session));
  const visible = roomsFor(workspace?.role);
  return (
    <div className="sidebar">
      <div className="sidebar-brand">
        <Logo />
        <span>{t('brand.name')}</span>
      </div>
      <nav className="sidebar-rooms" aria-label={t('nav.rooms')}>
        {visible.map(({ id, label, icon: Icon }) => (
          <a
            key={id}
            href={hrefOf(id)}
            aria-current={route.room === id ? 'page' : undefined}
            onClick={onChosen}
          >
            <Icon />
            {t(label)}
          </a>
        ))}
      </nav>
      <div className="sidebar-actions">
        <Button
          icon={<PlusOutlined />}
          block
          onClick={() => {
            navigate('chat');
            onChosen();
          }}
        >
          {t('chat.new')}
        </Button>
        <Button
          icon={<SearchOutlined />}
          onClick={onSearch}
          aria-label={t('search.open')}
          title={t('search.open')}
        />
      </div>
      <ConversationList activeId={route.room === 'chat' ? route.id : null} onChosen={onChosen} />
      <AccountMenu onChangePassword={onChangePassword} />
    </div>
  );
}
