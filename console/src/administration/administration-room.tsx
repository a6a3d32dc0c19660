import { Tabs } from 'antd';
import { useText } from '../i18n/text.ts';
import { KeysTab } from './keys-tab.tsx';
import { UsersTab } from './users-tab.tsx';
import '../knowledge/knowledge.css';
import '../knowledge/document-details.css';

export default function AdministrationRoom() {
  const t = useText();
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>{t('room.administration')}</h1>
          <p className="muted">{t('administration.intro')}</p>
        </div>
      </header>
      <Tabs
        items={[
          { key: 'users', label: t('users.title'), children: <UsersTab /> },
          { key: 'keys', label: t('keys.title'), children: <KeysTab /> },
        ]}
      />
    </div>
  );
}
