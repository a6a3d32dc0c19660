import { Button, Input, Modal } from 'antd';
import { type FormEvent, useId, useState } from 'react';
import { createUser } from '../api/administration.ts';
import type { Role, User } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { ErrorNotice } from '../shell/error-notice.tsx';
import { RoleSelect } from './role-select.tsx';

export function UserForm({ onClose, onCreated }: { onClose: () => void; onCreated: (user: User) => void }) {
  const t = useText();
  const id = useId();
  const [username, setUsername] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (username.trim() === '' || busy) return;
    setBusy(true);
    setError(null);
    try {
      const name = username.trim();
      onCreated(await createUser({ username: name, display_name: displayName.trim() || name, role }));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Modal open centered footer={null} width={440} title={t('users.create')} onCancel={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <label htmlFor={`${id}-username`}>{t('signIn.username')}</label>
        <Input
          id={`${id}-username`}
          autoFocus
          autoComplete="off"
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
        {error !== null && <ErrorNotice error={error} />}
        <div className="row-end">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="primary" htmlType="submit" loading={busy} disabled={username.trim() === ''}>
            {t('users.create')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
