import { Button, Input, Modal, Select } from 'antd';
import { type FormEvent, useId, useState } from 'react';
import { createKey } from '../api/administration.ts';
import type { ApiKey, Role } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { ErrorNotice } from '../shell/error-notice.tsx';
import { RoleSelect } from './role-select.tsx';

const NEVER = 0;
const lifetimesDays = [30, 90, 365, NEVER];

export function KeyForm({ onClose, onCreated }: { onClose: () => void; onCreated: (key: ApiKey) => void }) {
  const t = useText();
  const id = useId();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const [days, setDays] = useState(90);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '' || busy) return;
    setBusy(true);
    setError(null);
    try {
      const lifetime = days === NEVER ? {} : { expires_in_days: days };
      onCreated(await createKey({ name: name.trim(), role, ...lifetime }));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Modal open centered footer={null} width={440} title={t('keys.create')} onCancel={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
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
        {error !== null && <ErrorNotice error={error} />}
        <div className="row-end">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="primary" htmlType="submit" loading={busy} disabled={name.trim() === ''}>
            {t('keys.create')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
