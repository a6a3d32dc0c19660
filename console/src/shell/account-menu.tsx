import { KeyOutlined, LogoutOutlined, UserOutlined } from '@ant-design/icons';
import { Button, Dropdown, type MenuProps } from 'antd';
import { chooseWorkspace, currentWorkspace, session, signOut } from '../api/session.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { chooseLanguage, type Language, useLanguage, useText } from '../i18n/text.ts';
import { useObservable } from '../store/observable.ts';
import { chooseTheme, type ThemeChoice, themeChoice } from './preferences.ts';

/** Language, theme, workspace, password, sign out. */
export function AccountMenu({ onChangePassword }: { onChangePassword: () => void }) {
  const t = useText();
  const state = useObservable(session);
  const theme = useObservable(themeChoice);
  const current = useLanguage();
  const workspace = currentWorkspace(state);

  const items: MenuProps['items'] = [
    ...(state.workspaces.length > 1
      ? [
          {
            type: 'group' as const,
            label: t('account.workspace'),
            children: state.workspaces.map(({ id, name }) => ({
              key: `workspace:${id}`,
              label: inLanguage(current, name),
            })),
          },
        ]
      : []),
    {
      type: 'group',
      label: t('account.language'),
      children: [
        { key: 'language:zh', label: t('language.zh') },
        { key: 'language:en', label: t('language.en') },
      ],
    },
    {
      type: 'group',
      label: t('account.theme'),
      children: [
        { key: 'theme:system', label: t('theme.system') },
        { key: 'theme:light', label: t('theme.light') },
        { key: 'theme:dark', label: t('theme.dark') },
      ],
    },
    { type: 'divider' },
    { key: 'password', icon: <KeyOutlined />, label: t('password.title') },
    { key: 'sign-out', icon: <LogoutOutlined />, label: t('account.signOut') },
  ];

  const choose = ({ key }: { key: string }) => {
    const [kind, value = ''] = key.split(':');
    if (kind === 'language') chooseLanguage(value as Language);
    else if (kind === 'theme') chooseTheme(value as ThemeChoice);
    else if (kind === 'workspace') chooseWorkspace(value);
    else if (kind === 'password') onChangePassword();
    else if (kind === 'sign-out') void signOut();
  };

  const name = state.account?.display_name || state.account?.username || '';
  return (
    <Dropdown
      trigger={['click']}
      placement="topLeft"
      menu={{
        items,
        selectable: true,
        selectedKeys: [`language:${current}`, `theme:${theme}`, `workspace:${state.workspaceId ?? ''}`],
        onClick: choose,
      }}
    >
      <Button type="text" className="account-button" aria-label={t('account.menu', { name })}>
        <span className="avatar" aria-hidden="true">
          {name === '' ? <UserOutlined /> : [...name][0]?.toUpperCase()}
        </span>
        <span className="account-name">
          <span>{name}</span>
          <small>
            {workspace === null
              ? ''
              : `${inLanguage(current, workspace.name)} · ${t(`role.${workspace.role}`)}`}
          </small>
        </span>
      </Button>
    </Dropdown>
  );
}
