import { Input, Select } from 'antd';
import { useId, useState } from 'react';
import { createKey } from '../api/administration.ts';
import type { ApiKey, Role } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { FormDialog } from '../shell/form-dialog.tsx';
import { RoleSelect } from './role-select.tsx';

const NEVER = 0;
const lifetimesDays = [30, 90, 365, NEVER];

export function KeyForm({ onClose, onCreated }: { onClose: () => void; onCreated: (key: ApiKey) => void }) {
  const t = useText();
  const id = useId();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const [days, setDays] = useState(90);
  const submit = async () => {
    const lifetime = days === NEVER ? {} : { expires_in_days: days };
    onCreated(await createKey({ name: name.trim(), role, ...lifetime }));
  };
  return (
    <FormDialog
      title={t('keys.create')}
      action={t('keys.create')}
      isReady={name.trim() !== ''}
      onSubmit={submit}
      onClose={onClose}
    >
      <label htmlFor={`${id}-name`}>{t('keys.name')}</label>
      <Input
        id={`${id}-name`}
        autoFocus
        autoComplete="off"
        maxLength={80}
        value={name}
        placeholder={t('keys.namePlaceholder')}
        onChange={(event) => setName(event.target.value)}
      />
      <label htmlFor={`${id}-role`}>{t('users.role')}</label>
      <RoleSelect id={`${id}-role`} value={role} label={t('users.role')} onChange={setRole} />
      <label htmlFor={`${id}-days`}>{t('keys.expires')}</label>
      <Select
        id={`${id}-days`}
        value={days}
        onChange={setDays}
        options={lifetimesDays.map((value) => ({
          value,
          label: value === NEVER ? t('keys.never') : t('keys.days', { count: value }),
        }))}
      />
    </FormDialog>
  );
}
