import { Input } from 'antd';
import { useId, useState } from 'react';
import { createUser } from '../api/administration.ts';
import type { Role, User } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { FormDialog } from '../shell/form-dialog.tsx';
import { RoleSelect } from './role-select.tsx';

export function UserForm({ onClose, onCreated }: { onClose: () => void; onCreated: (user: User) => void }) {
  const t = useText();
  const id = useId();
  const [username, setUsername] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const submit = async () => {
    const name = username.trim();
    onCreated(await createUser({ username: name, display_name: displayName.trim() || name, role }));
  };
  return (
    <FormDialog
      title={t('users.create')}
      action={t('users.create')}
      isReady={username.trim() !== ''}
      onSubmit={submit}
      onClose={onClose}
    >
      <label htmlFor={`${id}-username`}>{t('signIn.username')}</label>
      <Input
        id={`${id}-username`}
        autoFocus
        autoComplete="off"
        autoCapitalize="none"
        maxLength={64}
        value={username}
        onChange={(event) => setUsername(event.target.value)}
      />
      <label htmlFor={`${id}-display`}>{t('users.displayName')}</label>
      <Input
        id={`${id}-display`}
        autoComplete="off"
        maxLength={80}
        value={displayName}
        onChange={(event) => setDisplayName(event.target.value)}
      />
      <label htmlFor={`${id}-role`}>{t('users.role')}</label>
      <RoleSelect id={`${id}-role`} value={role} label={t('users.role')} onChange={setRole} />
      <p className="muted">{t('users.passwordText')}</p>
    </FormDialog>
  );
}
